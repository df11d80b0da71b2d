create or replace function backlog_internal.open_gate(
  p_gate_id int,
  p_seconds int,
  p_error text,
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  update backlog_internal.retry_gate as g
  set
    state = 'open',
    changed_at = p_now,
    reopen_at = p_now + make_interval(secs => p_seconds),
    last_error = left(p_error, 2000)
  where g.gate_id = p_gate_id;
  perform backlog_internal.refresh_lanes(p_gate_id);
end;
$$;

comment on function backlog_internal.open_gate(int, int, text, timestamptz) is
  $$Open the circuit breaker of a gate for some seconds: its lanes are not claimed until then.$$;
