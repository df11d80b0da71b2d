create or replace view backlog.dead_letters as
select
  d.id, d.event_id, l.event_type, l.channel_name, d.plugin_name, d.died_at, d.reason, d.error,
  d.error_code, d.retry_count, d.redrive_count, d.priority::int as priority, d.correlation_id,
  d.dedupe_key, d.tags, d.errors, d.event_data, d.event_metadata, d.created_at, d.expires_at
from backlog_internal.dead_letter as d
join backlog_internal.retry_lane as l on l.lane_id = d.lane_id;

comment on view backlog.dead_letters is
  $$List the items that will not be retried by themselves, with their last errors.

Put them back to work with redrive_dead_letters, or end them with discard_dead_letters.$$;
