create or replace view backlog.retry_queue_alerts as
select 'dead_letters' as alert, 'warning' as severity, l.event_type, l.channel_name,
  count(*) as items, min(d.died_at) as since,
  case
    when starts_with(l.event_type, 'backfill.')
      then 'Look at backlog.backfill_chunks, then call backlog.retry_backfill.'
    else 'Look at backlog.dead_letters, then redrive or discard them.'
  end as advice
from backlog_internal.dead_letter as d
join backlog_internal.retry_lane as l on l.lane_id = d.lane_id
group by l.event_type, l.channel_name
union all
select 'breaker_open', 'critical', b.event_type, b.channel_name, null, b.changed_at,
  coalesce('Last error: ' || b.last_error, 'See backlog.circuit_breakers.')
from backlog.circuit_breakers as b
where b.state <> 'closed'
union all
select 'lease_overdue', 'warning', l.event_type, l.channel_name, sum(cardinality(s.ids)),
  min(s.leased_until), 'No worker claims from this event type; is a listener running?'
from backlog_internal.retry_lease as s
join backlog_internal.retry_lane as l on l.lane_id = s.lane_id
where s.leased_until < backlog_internal.clock() - interval '1 minute'
group by l.event_type, l.channel_name
union all
select 'waiting_too_long', 'warning', l.event_type, l.channel_name, null, first.run_at,
  'Items have been due for more than 10 minutes; add workers or see why they do not claim.'
from backlog_internal.retry_lane as l
join backlog_internal.retry_mark as m on m.lane_id = l.lane_id
cross join lateral (
  select r.run_at
  from backlog_internal.retry_ready as r
  where r.lane_id = m.lane_id
    and r.priority = m.priority
  order by r.run_at, r.id
  limit 1
) as first
where first.run_at < backlog_internal.clock() - interval '10 minutes'
  and l.blocked_until <= backlog_internal.clock()
  -- Chunks of a backfill wait for each other: that is no reason to worry while some are done.
  and not exists (
    select from backlog_internal.backfill as b
    where starts_with(l.event_type, 'backfill.')
      and b.backfill_id::text = l.channel_name
      and (
        exists (
          select from backlog_internal.backfill_chunk as c
          where c.backfill_id = b.backfill_id
            and c.finished_at > backlog_internal.clock() - interval '10 minutes'
        ) or exists (
          select from backlog_internal.retry_lease as s
          where s.lane_id = l.lane_id
            and s.leased_until > backlog_internal.clock()
        )
      )
  )
union all
select 'backfill_failed', 'warning', 'backfill.' || case b.kind when 'table' then 'sql' else b.kind end,
  b.backfill_id::text,
  (
    select count(*) from backlog_internal.backfill_chunk as c
    where c.backfill_id = b.backfill_id and c.state = 'FAILED'
  ),
  b.finished_at,
  coalesce(b.reason || '. ', '') || 'Mend it, then call backlog.retry_backfill or resume_backfill; or delete it.'
from backlog_internal.backfill as b
where b.state = 'FAILED'
union all
select 'backfill_throttled', 'info', 'backfill.' || case b.kind when 'table' then 'sql' else b.kind end,
  b.backfill_id::text, null, b.throttled_at, b.throttle_reason
from backlog_internal.backfill as b
where b.state in ('PENDING', 'EXECUTING')
  and b.paused_at is null
  and b.throttled_at < backlog_internal.clock() - interval '10 minutes'
union all
select 'paused', 'info', p.event_type, null, null, p.paused_at, coalesce(p.pause_reason, 'No reason given.')
from backlog_internal.retry_policy as p
where p.paused_at is not null;

comment on view backlog.retry_queue_alerts is
  $$List what deserves attention: dead letters, open breakers, overdue leases, items waiting too long, pauses,
backfills that failed or have waited for the server for more than 10 minutes.

A backfill is its event type and, as channel, its number. Its chunks wait too long when none is worked on.$$;
comment on column backlog.retry_queue_alerts.alert is 'dead_letters, breaker_open, lease_overdue, waiting_too_long, paused, backfill_failed or backfill_throttled.';
comment on column backlog.retry_queue_alerts.severity is 'critical, warning or info.';
comment on column backlog.retry_queue_alerts.event_type is 'Event type that it is about.';
comment on column backlog.retry_queue_alerts.items is 'How many items it concerns; null when they are not counted.';
comment on column backlog.retry_queue_alerts.since is 'Since when.';
comment on column backlog.retry_queue_alerts.advice is 'What to do, or what is known about the cause.';
comment on column backlog.retry_queue_alerts.channel_name is 'Channel that it is about; null when it is about all.';
