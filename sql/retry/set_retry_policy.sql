create or replace function backlog.set_retry_policy(
  p_event_type text,
  p_max_retries int = null,
  p_retry_delay_seconds int = null,
  p_backoff_kind text = null,
  p_backoff_multiplier numeric = null,
  p_max_delay_seconds int = null,
  p_jitter numeric = null,
  p_keep_errors int = null,
  p_keep_event_data boolean = null,
  p_max_redrives int = null,
  p_limit_scope text = null,
  p_rate_limit_per_second numeric = null,
  p_rate_limit_burst int = null,
  p_concurrency_limit int = null,
  p_breaker_threshold int = null,
  p_breaker_window_seconds int = null,
  p_breaker_cooldown_seconds int = null,
  p_breaker_probes int = null
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_new backlog_internal.retry_policy;
begin
  if p_event_type is null or p_event_type = '' then
    raise exception using
      errcode = 'PB003',
      message = 'event_type must be a name, or * for the default of all event types',
      hint = 'Nothing was changed.';
  end if;

  -- One change at a time, and none while a producer makes a lane that it would miss.
  lock table backlog_internal.retry_policy in share row exclusive mode;
  v_new := backlog_internal.effective_policy(p_event_type);
  if v_new.event_type <> p_event_type then
    v_new.paused_at := null;
    v_new.pause_reason := null;
  end if;
  v_new.event_type := p_event_type;
  v_new.max_retries := coalesce(p_max_retries, v_new.max_retries);
  v_new.retry_delay_seconds := coalesce(p_retry_delay_seconds, v_new.retry_delay_seconds);
  v_new.backoff_kind := coalesce(p_backoff_kind, v_new.backoff_kind);
  v_new.backoff_multiplier := coalesce(p_backoff_multiplier, v_new.backoff_multiplier);
  v_new.max_delay_seconds := coalesce(p_max_delay_seconds, v_new.max_delay_seconds);
  v_new.jitter := coalesce(p_jitter, v_new.jitter);
  v_new.keep_errors := coalesce(p_keep_errors, v_new.keep_errors);
  v_new.keep_event_data := coalesce(p_keep_event_data, v_new.keep_event_data);
  v_new.max_redrives := coalesce(p_max_redrives, v_new.max_redrives);
  v_new.limit_scope := coalesce(p_limit_scope, v_new.limit_scope);
  -- 0 takes a limit away; null leaves it.
  v_new.rate_limit_per_second := nullif(coalesce(p_rate_limit_per_second, v_new.rate_limit_per_second), 0);
  v_new.rate_limit_burst := nullif(coalesce(p_rate_limit_burst, v_new.rate_limit_burst), 0);
  v_new.concurrency_limit := nullif(coalesce(p_concurrency_limit, v_new.concurrency_limit), 0);
  v_new.breaker_threshold := nullif(coalesce(p_breaker_threshold, v_new.breaker_threshold), 0);
  v_new.breaker_window_seconds := coalesce(p_breaker_window_seconds, v_new.breaker_window_seconds);
  v_new.breaker_cooldown_seconds := coalesce(p_breaker_cooldown_seconds, v_new.breaker_cooldown_seconds);
  v_new.breaker_probes := coalesce(p_breaker_probes, v_new.breaker_probes);
  v_new.updated_at := backlog_internal.clock();

  perform backlog_internal.save_policy(v_new);
end;
$$;

comment on function backlog.set_retry_policy(
  text, int, int, text, numeric, int, numeric, int, boolean, int, text, numeric, int, int, int, int, int, int
) is
  $$Set how items of an event type are retried and limited; null arguments leave a setting as it is.

The event type * holds the default for all that have no policy of their own. Backoff: none, fixed, linear
or exponential from p_retry_delay_seconds by p_backoff_multiplier, capped at p_max_delay_seconds, spread
by p_jitter (0 to 1). Limits, for all workers together and per event type or per channel of it
(p_limit_scope event_type or channel): items per second with a burst, items under lease at once, and
failures within a window that open the circuit breaker for a cooldown, after which some probes are let
through. 0 takes a limit away.

Raises PB003 when a value is out of range.$$;
