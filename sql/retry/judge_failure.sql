create or replace function backlog_internal.judge_failure(
  p_event_type text,
  p_error text,
  p_error_code text
)
  returns backlog_internal.failure_rule
  language sql
  stable
return (
  select r
  from backlog_internal.failure_rule as r
  where (r.event_type is null or r.event_type = p_event_type)
    and (r.code_like is null or p_error_code like r.code_like)
    and (r.message_pattern is null or p_error ~* r.message_pattern)
  order by r.event_type is null, r.position, r.failure_rule_id
  limit 1
);

comment on function backlog_internal.judge_failure(text, text, text) is
  $$Return the rule that says what a failure means; null when none matches, which means an ordinary retry.$$;
