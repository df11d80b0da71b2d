create or replace function backlog.calculate_next_retry(
  p_retry_count int,
  p_retry_delay_seconds int = 60,
  p_backoff_multiplier numeric = 2.0,
  p_backoff_kind text = 'exponential',
  p_max_delay_seconds int = 86400,
  p_jitter numeric = 0,
  p_from timestamptz = null
)
  returns timestamptz
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem text := case
    when p_retry_count is null or p_retry_count < 0 then 'retry_count must be 0 or more'
    when p_retry_delay_seconds is null or p_retry_delay_seconds < 0 then
      'retry_delay_seconds must be 0 or more'
    when p_backoff_multiplier is null or p_backoff_multiplier not between 1 and 1000 then
      'backoff_multiplier must be between 1 and 1000'
    when p_backoff_kind is null or p_backoff_kind not in ('none', 'fixed', 'linear', 'exponential') then
      'backoff_kind must be none, fixed, linear or exponential'
    when p_max_delay_seconds is null or p_max_delay_seconds < 1 then
      'max_delay_seconds must be positive'
    when p_jitter is null or p_jitter not between 0 and 1 then 'jitter must be between 0 and 1'
  end;
begin
  if v_problem is not null then
    raise exception using
      errcode = 'PB003',
      message = v_problem,
      hint = 'See the comment of backlog.calculate_next_retry for the ranges.';
  end if;
  return coalesce(p_from, backlog_internal.clock()) + make_interval(secs => backlog_internal.backoff_seconds(
    p_retry_count, p_retry_delay_seconds, p_backoff_multiplier, p_backoff_kind,
    p_max_delay_seconds, p_jitter
  ));
end;
$$;

comment on function backlog.calculate_next_retry(int, int, numeric, text, int, numeric, timestamptz) is
  $$Return when an item would run again after p_retry_count failed attempts.

The pause is 0 for none, the delay for fixed, delay x (1 + (n - 1) x (multiplier - 1)) for linear and
delay x multiplier ^ (n - 1) for exponential, capped at p_max_delay_seconds, then spread by p_jitter in
both directions. Counts from p_from, by default now.

Raises PB003 when an argument is out of range.$$;
