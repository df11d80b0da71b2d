create or replace function backlog_internal.bury_items(
  p_verdicts backlog_internal.failure_verdict[],
  p_now timestamptz
)
  returns void
  language sql
  volatile
begin atomic
  with gone as (
    delete from backlog_internal.retry_item as i
    using unnest(p_verdicts) as v
    where i.id = v.id
      and i.lane_id = v.lane_id
      and v.dead_reason is not null
    returning i.*, v.dead_reason, v.error, v.error_code
  )
  insert into backlog_internal.dead_letter (
    id, lane_id, died_at, reason, error, error_code, priority, retry_count, redrive_count,
    max_retries, retry_delay_seconds, created_at, expires_at, event_id, backoff_multiplier,
    plugin_name, correlation_id, dedupe_key, tags, errors, event_metadata, event_data
  )
  select
    g.id, g.lane_id, p_now, g.dead_reason, g.error, g.error_code, g.priority, g.retry_count,
    g.redrive_count, g.max_retries, g.retry_delay_seconds, g.created_at, g.expires_at, g.event_id,
    g.backoff_multiplier, g.plugin_name, g.correlation_id, g.dedupe_key, g.tags, g.errors,
    g.event_metadata, g.event_data
  from gone as g;
end;

comment on function backlog_internal.bury_items(backlog_internal.failure_verdict[], timestamptz) is
  $$Move the items whose verdict names a reason to the dead letters.$$;
