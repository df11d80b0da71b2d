create or replace function backlog_internal.judge_item(
  p_item backlog_internal.retry_item,
  p_leased backlog_internal.leased_item,
  p_failure backlog_internal.failure,
  p_now timestamptz
)
  returns backlog_internal.failure_verdict
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_lane    backlog_internal.retry_lane;
  v_policy  backlog_internal.retry_policy;
  v_rule    backlog_internal.failure_rule;
  v_action  text;
  v_count   int := p_item.retry_count;
  v_seconds double precision;
  v_reason  text;
  v_errors  jsonb;
begin
  select l.* into v_lane from backlog_internal.retry_lane as l where l.lane_id = p_item.lane_id;
  v_policy := backlog_internal.effective_policy(v_lane.event_type);
  v_rule := backlog_internal.judge_failure(v_lane.event_type, p_failure.error, p_failure.error_code);
  v_action := coalesce(v_rule.action, 'retry');

  if v_action in ('retry', 'dead_letter') then
    v_count := v_count + 1;
  end if;
  if v_action = 'dead_letter' then
    v_reason := 'permanent_error';
  elsif v_count >= coalesce(p_item.max_retries, v_policy.max_retries) and v_action = 'retry' then
    v_reason := 'retries_exhausted';
  end if;

  v_seconds := coalesce(
    p_failure.retry_after,
    v_rule.delay_seconds,
    backlog_internal.backoff_seconds(
      greatest(v_count, 1),
      coalesce(p_item.retry_delay_seconds, v_policy.retry_delay_seconds),
      coalesce(p_item.backoff_multiplier, v_policy.backoff_multiplier),
      v_policy.backoff_kind, v_policy.max_delay_seconds, v_policy.jitter
    )
  );

  v_errors := coalesce(p_item.errors, '[]') || jsonb_build_object(
    'at', p_now, 'error', left(p_failure.error, 2000), 'error_code', p_failure.error_code,
    'worker_id', p_leased.worker_id
  );
  if jsonb_array_length(v_errors) > v_policy.keep_errors then
    v_errors := (
      select jsonb_agg(e.value order by e.place)
      from jsonb_array_elements(v_errors) with ordinality as e (value, place)
      where e.place > jsonb_array_length(v_errors) - v_policy.keep_errors
    );
  end if;

  return row(
    p_item.id, p_item.lane_id, p_item.priority, v_lane.gate_id, v_action, v_reason, v_count,
    p_now + make_interval(secs => v_seconds), v_errors, p_leased.claimed_at, p_leased.worker_id,
    left(p_failure.error, 2000), p_failure.error_code
  )::backlog_internal.failure_verdict;
end;
$$;

comment on function backlog_internal.judge_item(
  backlog_internal.retry_item, backlog_internal.leased_item, backlog_internal.failure, timestamptz
) is
  $$Return what becomes of one failed item, by the failure rules and the policy of its event type.

A rule may retry (counts as an attempt), retry later or trip the breaker (neither counts), or bury it.
The pause is retry_after, else the rule's, else the backoff.$$;
