create or replace function backlog_internal.refresh_lanes(p_gate_id int)
  returns void
  language sql
  volatile
begin atomic
  update backlog_internal.retry_lane as l
  set blocked_until = backlog_internal.lane_blocked_until(
    backlog_internal.effective_policy(l.event_type), l.gate_id
  )
  where l.gate_id = p_gate_id
    and l.blocked_until is distinct from backlog_internal.lane_blocked_until(
      backlog_internal.effective_policy(l.event_type), l.gate_id
    );
end;

comment on function backlog_internal.refresh_lanes(int) is
  $$Write on the lanes of a gate until when they are blocked.$$;
