create or replace function backlog_internal.retry_status()
  returns jsonb
  language sql
  stable
  set search_path = pg_catalog, pg_temp
begin atomic
  with today as (
    select h.outcome, h.finished_at - h.claimed_at as took
    from backlog_internal.retry_history as h
    where h.finished_at >= date_trunc('day', backlog_internal.clock() at time zone 'UTC') at time zone 'UTC'
  ), ended as (
    select
      count(*) filter (where t.outcome = 'completed') as completed,
      count(*) filter (where t.outcome in ('failed', 'dead_letter')) as failed_attempts,
      count(*) filter (where t.outcome = 'dead_letter') as died,
      extract(epoch from percentile_cont(0.5) within group (order by t.took)
        filter (where t.outcome = 'completed')) as p50,
      extract(epoch from percentile_cont(0.95) within group (order by t.took)
        filter (where t.outcome = 'completed')) as p95
    from today as t
  ), errors as (
    select
      l.event_type, d.error_code, d.error, count(*) as items, 'dead_letter' as status
    from backlog_internal.dead_letter as d
    join backlog_internal.retry_lane as l on l.lane_id = d.lane_id
    group by l.event_type, d.error_code, d.error
    union all
    select
      l.event_type, i.errors -> -1 ->> 'error_code', i.errors -> -1 ->> 'error', count(*), 'retrying'
    from backlog_internal.retry_item as i
    join backlog_internal.retry_lane as l on l.lane_id = i.lane_id
    where i.retry_count > 0
    group by l.event_type, i.errors -> -1 ->> 'error_code', i.errors -> -1 ->> 'error'
  )
  select jsonb_build_object(
    'pending', (select count(*) from backlog_internal.retry_ready as r),
    'processing', (select coalesce(sum(cardinality(s.ids)), 0) from backlog_internal.retry_lease as s),
    'dead_letters', (select count(*) from backlog_internal.dead_letter as d),
    'completed_today', e.completed,
    'failed_attempts_today', e.failed_attempts,
    'died_today', e.died,
    'success_percent', round(100.0 * e.completed / nullif(e.completed + e.failed_attempts, 0), 1),
    'processing_seconds_p50', round(e.p50, 3),
    'processing_seconds_p95', round(e.p95, 3),
    'errors', coalesce((
      select jsonb_agg(to_jsonb(x) order by x.items desc, x.error)
      from (select y.* from errors as y order by y.items desc, y.error limit 20) as x
    ), '[]')
  )
  from ended as e;
end;

comment on function backlog_internal.retry_status() is
  $$Return the retry engine's part of the status report.$$;
