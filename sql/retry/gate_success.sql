create or replace function backlog_internal.gate_success(p_gate_id int, p_now timestamptz)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- The usual case, a closed gate without failures, is one read and no write.
  perform 1
  from backlog_internal.retry_gate as g
  where g.gate_id = p_gate_id
    and (g.failures > 0 or g.state <> 'closed');
  if found then
    perform backlog_internal.close_gate(p_gate_id, p_now);
  end if;
end;
$$;

comment on function backlog_internal.gate_success(int, timestamptz) is
  $$Tell a gate that an item was completed: failures are forgotten, a half-open breaker closes.$$;
