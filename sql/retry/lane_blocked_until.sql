create or replace function backlog_internal.lane_blocked_until(
  p_policy backlog_internal.retry_policy,
  p_gate_id int
)
  returns timestamptz
  language sql
  stable
return
  case
    when p_policy.paused_at is not null then 'infinity'::timestamptz
    else coalesce(
      (
        select g.reopen_at
        from backlog_internal.retry_gate as g
        where g.gate_id = p_gate_id
          and g.state = 'open'
      ),
      '-infinity'::timestamptz
    )
  end;

comment on function backlog_internal.lane_blocked_until(backlog_internal.retry_policy, int) is
  $$Return until when a lane is not claimed, by pause and circuit breaker.$$;
