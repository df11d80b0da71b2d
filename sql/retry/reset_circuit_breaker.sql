create or replace function backlog.reset_circuit_breaker(p_event_type text, p_channel_name text = null)
  returns int
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_gate_id int;
  v_gates   int := 0;
begin
  for v_gate_id in
    select g.gate_id
    from backlog_internal.retry_gate as g
    where g.event_type = p_event_type
      and (p_channel_name is null or g.channel_name is null or g.channel_name = p_channel_name)
    order by g.gate_id
    for update
  loop
    update backlog_internal.retry_gate as g
    set
      state = 'closed', failures = 0, first_failure_at = null, reopen_at = null, last_error = null,
      changed_at = backlog_internal.clock()
    where g.gate_id = v_gate_id;
    perform backlog_internal.refresh_lanes(v_gate_id);
    perform backlog_internal.return_lanes(v_gate_id);
    v_gates := v_gates + 1;
  end loop;

  if v_gates = 0 then
    raise exception using
      errcode = 'PB005',
      message = format('event type %s has no circuit breaker', coalesce(p_event_type, 'null')),
      hint = 'See backlog.circuit_breakers.';
  end if;
  perform backlog_internal.announce_work(p_event_type, backlog_internal.clock());
  return v_gates;
end;
$$;

comment on function backlog.reset_circuit_breaker(text, text) is
  $$Close the circuit breakers of an event type by hand and forget their failures; return how many.

Raises PB005 when the event type has none.$$;
