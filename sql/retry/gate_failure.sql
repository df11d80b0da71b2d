create or replace function backlog_internal.gate_failure(
  p_gate_id int,
  p_failures int,
  p_error text,
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_gate   backlog_internal.retry_gate;
  v_policy backlog_internal.retry_policy;
begin
  select g.*
  into v_gate
  from backlog_internal.retry_gate as g
  where g.gate_id = p_gate_id
  for update;
  v_policy := backlog_internal.effective_policy(v_gate.event_type);

  if v_gate.first_failure_at is null
    or v_gate.first_failure_at < p_now - make_interval(secs => v_policy.breaker_window_seconds)
  then
    v_gate.failures := 0;
    v_gate.first_failure_at := p_now;
  end if;
  v_gate.failures := v_gate.failures + p_failures;

  update backlog_internal.retry_gate as g
  set failures = v_gate.failures, first_failure_at = v_gate.first_failure_at
  where g.gate_id = p_gate_id;

  if v_gate.state = 'half_open'
    or (v_gate.state = 'closed' and v_gate.failures >= v_policy.breaker_threshold)
  then
    perform backlog_internal.open_gate(
      p_gate_id, v_policy.breaker_cooldown_seconds, p_error, p_now
    );
  end if;
end;
$$;

comment on function backlog_internal.gate_failure(int, int, text, timestamptz) is
  $$Tell a gate that items failed: enough failures within the window, or a failed probe, open its breaker.$$;
