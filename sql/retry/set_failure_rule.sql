create or replace function backlog.set_failure_rule(
  p_name text,
  p_action text,
  p_code_like text = null,
  p_message_pattern text = null,
  p_event_type text = null,
  p_delay_seconds int = null,
  p_position int = 5
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem text := case
    when p_name is null or p_name = '' then 'a rule needs a name'
    when p_action is null or p_action not in ('retry', 'retry_later', 'dead_letter', 'trip') then
      'action must be retry, retry_later, dead_letter or trip'
    when p_code_like is null and p_message_pattern is null then
      'a rule must look at the error code or at the message'
    when p_code_like ~ '(^|[^\\])(\\\\)*\\$' then 'code_like must not end with an escape'
    when p_delay_seconds < 0 then 'delay_seconds must not be negative'
    when p_position is null then 'position must not be null'
  end;
begin
  if v_problem is not null then
    raise exception using
      errcode = 'PB003',
      message = v_problem,
      hint = 'See the comment of backlog.set_failure_rule. Nothing was changed.';
  end if;
  -- An invalid regular expression must fail here and not when an item fails.
  begin
    perform '' ~* p_message_pattern;
  exception when invalid_regular_expression then
    raise exception using
      errcode = 'PB003',
      message = sqlerrm,
      hint = 'Correct message_pattern. Nothing was changed.';
  end;

  insert into backlog_internal.failure_rule
    (name, event_type, code_like, message_pattern, action, delay_seconds, position)
  values
    (p_name, p_event_type, p_code_like, p_message_pattern, p_action, p_delay_seconds, p_position)
  on conflict (name) do update
  set
    event_type = excluded.event_type,
    code_like = excluded.code_like,
    message_pattern = excluded.message_pattern,
    action = excluded.action,
    delay_seconds = excluded.delay_seconds,
    position = excluded.position,
    shipped = false;
end;
$$;

comment on function backlog.set_failure_rule(text, text, text, text, text, int, int) is
  $$Set what a failure means: the rule of that name is added or replaced.

Matches the error code by LIKE (08___ is the SQLSTATE class 08, 5__ any HTTP 5xx) and the message by a
case-insensitive regular expression; both must fit when both are given. Actions: retry counts the
attempt, retry_later does not, dead_letter ends it, trip opens the circuit breaker without counting.
p_delay_seconds overrides the backoff. Rules of the event type come before those for all, then the lower
p_position wins; shipped rules start at 10.

Raises PB003 when an argument is out of range.$$;
