create or replace view backlog.retry_history as
select
  h.finished_at, h.id, h.event_id, l.event_type, l.channel_name, h.plugin_name, h.outcome,
  h.retry_count, h.priority::int as priority, h.worker_id, h.claimed_at,
  h.finished_at - h.claimed_at as processing_time, h.correlation_id, h.error_code, h.error,
  h.event_data, h.created_at
from backlog_internal.retry_history as h
join backlog_internal.retry_lane as l on l.lane_id = h.lane_id;

comment on view backlog.retry_history is
  $$List what happened to items: one row per failed attempt and per end, kept for the retention time.

Outcomes: completed, failed (and retried), dead_letter, redriven, discarded, cancelled. Ask with a range
of finished_at, by which the table is partitioned.$$;
comment on column backlog.retry_history.processing_time is 'From the claim to the end of the attempt.';
