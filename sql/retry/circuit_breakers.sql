create or replace view backlog.circuit_breakers as
select
  g.event_type,
  g.channel_name,
  case
    when g.state = 'open' and g.reopen_at <= backlog_internal.clock() then 'half_open'
    else g.state
  end as state,
  g.failures,
  g.first_failure_at,
  g.changed_at,
  g.reopen_at,
  g.last_error,
  floor(g.tokens)::bigint as tokens_left
from backlog_internal.retry_gate as g;

comment on view backlog.circuit_breakers is
  $$List circuit breakers and token buckets by event type; channel_name is null when one covers all.$$;
comment on column backlog.circuit_breakers.tokens_left is 'Calls that the rate limit still allows, as of the last claim.';
