create or replace view backlog.hooks as
select
  h.name,
  case
    when not h.enabled then 'disabled'
    when p.paused_at is not null then 'paused'
    when g.state <> 'closed' then 'broken'
    else 'enabled'
  end as state,
  h.kind,
  h.pipelines,
  h.mode,
  h.payload,
  h.language,
  h.sql_function,
  h.transactional,
  h.order_key,
  h.timeout_seconds,
  h.concurrency,
  h.max_retries,
  h.event_type,
  h.enabled,
  h.disabled_at,
  h.disable_reason,
  (
    select count(*) from backlog_internal.retry_ready as r where r.lane_id = l.lane_id
  ) + (
    select count(*) from backlog_internal.hook_turn as t where t.hook_id = h.hook_id
  ) as pending,
  (
    select coalesce(sum(cardinality(s.ids)), 0)
    from backlog_internal.retry_lease as s
    where s.lane_id = l.lane_id
  ) as in_progress,
  (
    select count(*) from backlog_internal.dead_letter as d where d.lane_id = l.lane_id
  ) as dead_letters,
  (
    select min(i.created_at)
    from backlog_internal.retry_ready as r
    join backlog_internal.retry_item as i on i.id = r.id and i.lane_id = r.lane_id
    where r.lane_id = l.lane_id
  ) as oldest_waiting_at,
  y.last_delivered_at,
  y.last_error,
  coalesce(g.state, 'closed') as breaker_state,
  exists (
    select
    from backlog_internal.listener as e
    where e.seen_at > backlog_internal.clock() - interval '5 minutes'
      and (e.event_types is null or h.event_type = any (e.event_types))
  ) as has_listener,
  h.registered_by,
  h.created_at,
  h.changed_at
from backlog_internal.hook as h
left join backlog_internal.retry_lane as l on l.event_type = h.event_type and l.channel_name = ''
left join backlog_internal.retry_policy as p on p.event_type = h.event_type
left join lateral (
  select
    case
      when b.state = 'open' and b.reopen_at <= backlog_internal.clock() then 'half_open'
      else b.state
    end as state
  from backlog_internal.retry_gate as b
  where b.gate_id = l.gate_id
) as g on true
-- One look at the last day of the history for all hooks, and none when nobody asks for it.
left join (
  select
    o.lane_id,
    max(o.finished_at) filter (where o.outcome = 'completed') as last_delivered_at,
    (
      array_agg(o.error order by o.finished_at desc) filter (where o.outcome in ('failed', 'dead_letter'))
    )[1] as last_error
  from backlog_internal.retry_history as o
  where o.finished_at > (select backlog_internal.clock() - interval '1 day')
    and o.lane_id in (
      select w.lane_id from backlog_internal.retry_lane as w where starts_with(w.event_type, 'hook.')
    )
  group by o.lane_id
) as y on y.lane_id = l.lane_id;

comment on view backlog.hooks is
  $$List the hooks: what each is called for, how, and how its deliveries are doing.$$;
comment on column backlog.hooks.state is 'enabled, disabled, paused (its event type) or broken (its circuit breaker is open).';
comment on column backlog.hooks.pending is 'Deliveries that wait, for their turn included.';
comment on column backlog.hooks.in_progress is 'Deliveries under lease.';
comment on column backlog.hooks.dead_letters is 'Deliveries that will not be retried by themselves.';
comment on column backlog.hooks.oldest_waiting_at is 'When the oldest delivery that waits was made.';
comment on column backlog.hooks.last_delivered_at is 'Last successful delivery of the last 24 hours.';
comment on column backlog.hooks.last_error is 'Error of the last attempt that failed in the last 24 hours.';
comment on column backlog.hooks.event_type is 'Event type of its deliveries.';
comment on column backlog.hooks.created_at is 'When it was registered first.';
comment on column backlog.hooks.breaker_state is 'Circuit breaker: closed, open or half_open.';
comment on column backlog.hooks.has_listener is 'Whether a listener that takes its deliveries was seen in the last five minutes.';
