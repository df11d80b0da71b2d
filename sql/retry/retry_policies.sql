create or replace view backlog.retry_policies as
select
  p.event_type, p.max_retries, p.retry_delay_seconds, p.backoff_kind, p.backoff_multiplier,
  p.max_delay_seconds, p.jitter, p.keep_errors, p.keep_event_data, p.max_redrives, p.limit_scope,
  p.rate_limit_per_second, p.rate_limit_burst, p.concurrency_limit, p.breaker_threshold,
  p.breaker_window_seconds, p.breaker_cooldown_seconds, p.breaker_probes, p.paused_at,
  p.pause_reason, p.updated_at
from backlog_internal.retry_policy as p;

comment on view backlog.retry_policies is
  $$List the policies by event type; the row * is the default for all others.$$;
