create or replace view backlog.retry_items as
select
  i.id,
  i.event_id,
  l.event_type,
  l.channel_name,
  i.plugin_name,
  case when r.id is null then 'processing' else 'pending' end as status,
  i.retry_count,
  coalesce(i.max_retries, l.max_retries) as max_retries,
  i.priority::int as priority,
  i.run_at,
  s.worker_id,
  s.token as lock_token,
  s.claimed_at,
  s.leased_until,
  i.correlation_id,
  i.dedupe_key,
  i.tags,
  i.errors -> -1 ->> 'error' as last_error,
  i.errors,
  i.event_data,
  i.event_metadata,
  i.redrive_count,
  i.created_at,
  i.expires_at
from backlog_internal.retry_item as i
join backlog_internal.retry_lane as l on l.lane_id = i.lane_id
left join backlog_internal.retry_ready as r
  on r.lane_id = i.lane_id and r.priority = i.priority and r.run_at = i.run_at and r.id = i.id
left join (
  select e.lane_id, e.token, e.worker_id, e.claimed_at, e.leased_until, u.id
  from backlog_internal.retry_lease as e
  cross join lateral unnest(e.ids) as u (id)
) as s on s.id = i.id and s.lane_id = i.lane_id;

comment on view backlog.retry_items is
  $$List the live items: pending ones wait for run_at, processing ones are under a worker's lease.

Ended items are in backlog.retry_history, items that need a person in backlog.dead_letters.$$;
comment on column backlog.retry_items.id is 'Key of the item.';
comment on column backlog.retry_items.status is 'pending or processing.';
comment on column backlog.retry_items.max_retries is 'Limit of failed attempts: its own, else that of the policy.';
comment on column backlog.retry_items.run_at is 'A pending item is not processed before this time.';
comment on column backlog.retry_items.lock_token is 'Proof of the lease; null while pending.';
comment on column backlog.retry_items.last_error is 'Text of the most recent failure.';
