create or replace view backlog.retry_queue_stats as
with counted as (
  select q.lane_id, 'pending' as status, count(*) as items, avg(i.retry_count) as avg_retries,
    min(i.created_at) as oldest, min(q.run_at) as next_run_at
  from backlog_internal.retry_ready as q
  join backlog_internal.retry_item as i on i.id = q.id and i.lane_id = q.lane_id
  group by q.lane_id
  union all
  select s.lane_id, 'processing', count(*), avg(i.retry_count), min(i.created_at), null
  from backlog_internal.retry_lease as s
  cross join lateral unnest(s.ids) as u (id)
  join backlog_internal.retry_item as i on i.id = u.id and i.lane_id = s.lane_id
  group by s.lane_id
  union all
  select d.lane_id, 'dead_letter', count(*), avg(d.retry_count), min(d.died_at), null
  from backlog_internal.dead_letter as d
  group by d.lane_id
  union all
  select h.lane_id, h.outcome, count(*), avg(h.retry_count), min(h.finished_at), null
  from backlog_internal.retry_history as h
  where h.finished_at > backlog_internal.clock() - interval '24 hours'
    and h.outcome in ('completed', 'cancelled', 'discarded')
  group by h.lane_id, h.outcome
)
select
  l.event_type, l.channel_name, c.status, c.items, round(c.avg_retries, 2) as avg_retries, c.oldest,
  c.next_run_at
from counted as c
join backlog_internal.retry_lane as l on l.lane_id = c.lane_id;

comment on view backlog.retry_queue_stats is
  $$Count items by event type, channel and status; ended ones over the last 24 hours.

Reads every live item, so ask it now and then rather than in a loop.$$;
comment on column backlog.retry_queue_stats.status is 'pending, processing, dead_letter, completed, cancelled or discarded.';
comment on column backlog.retry_queue_stats.items is 'How many.';
comment on column backlog.retry_queue_stats.avg_retries is 'Failed attempts per item on average.';
comment on column backlog.retry_queue_stats.oldest is 'When the oldest live item was created, or the first of the ended ones ended.';
comment on column backlog.retry_queue_stats.next_run_at is 'When the next pending item is due.';
