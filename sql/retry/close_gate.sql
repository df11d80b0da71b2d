create or replace function backlog_internal.close_gate(p_gate_id int, p_now timestamptz)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- An item claimed before the breaker opened says nothing about now: only a probe closes it.
  update backlog_internal.retry_gate as g
  set
    failures = 0,
    first_failure_at = null,
    reopen_at = null,
    changed_at = case g.state when 'closed' then g.changed_at else p_now end,
    state = 'closed'
  where g.gate_id = p_gate_id
    and g.state <> 'open';
  if found then
    perform backlog_internal.refresh_lanes(p_gate_id);
    perform backlog_internal.return_lanes(p_gate_id);
  end if;
end;
$$;

comment on function backlog_internal.close_gate(int, timestamptz) is
  $$Forget the failures of a gate and close its breaker, unless it is open.$$;
