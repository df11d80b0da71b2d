create or replace function backlog_internal.item_problem(
  p_event_type text,
  p_event_data jsonb,
  p_channel_name text,
  p_plugin_name text,
  p_max_retries int,
  p_retry_delay_seconds int,
  p_backoff_multiplier numeric,
  p_priority int
)
  returns text
  language sql
  immutable
return
  case
    when p_event_type is null or p_event_type in ('', '*') then
      'event_type must be a name: not null, not empty and not *'
    when p_event_data is null then 'event_data must not be null'
    when p_channel_name is null then 'channel_name must not be null; leave it empty when there is none'
    when p_plugin_name is null then 'plugin_name must not be null; leave it empty when there is none'
    when p_priority is null or p_priority not between 1 and 10 then
      'priority must be between 1 and 10, not ' || coalesce(p_priority::text, 'null')
    when p_max_retries not between 0 and 1000 then
      'max_retries must be between 0 and 1000, not ' || p_max_retries::text
    when p_retry_delay_seconds < 0 then
      'retry_delay_seconds must not be negative: ' || p_retry_delay_seconds::text
    when p_backoff_multiplier not between 1 and 1000 then
      'backoff_multiplier must be between 1 and 1000, not ' || p_backoff_multiplier::text
  end;

comment on function backlog_internal.item_problem(text, jsonb, text, text, int, int, numeric, int) is
  $$Return what is wrong with a new retry item, or null when it can be enqueued.$$;
