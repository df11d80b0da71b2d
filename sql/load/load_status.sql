create or replace function backlog_internal.load_status()
  returns jsonb
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  with bounds as (
    select date_trunc('day', backlog_internal.clock()) as today
  ),
  fetched as (
    select
      p.pipeline_id,
      count(*) filter (where h.outcome = 'completed') as completed,
      count(*) filter (where h.outcome = 'failed') as retried,
      count(*) filter (where h.outcome = 'dead_letter') as dead,
      avg(extract(epoch from h.finished_at - h.claimed_at)) filter (where h.outcome = 'completed') as seconds
    from backlog_internal.pipeline as p
    cross join bounds as b
    join backlog_internal.retry_lane as l on l.event_type = 'fetch.' || p.name
    join backlog_internal.retry_history as h on h.lane_id = l.lane_id and h.finished_at >= b.today
    group by p.pipeline_id
  ),
  waiting as (
    select
      p.pipeline_id,
      count(r.id) as pending
    from backlog_internal.pipeline as p
    join backlog_internal.retry_lane as l on l.event_type = 'fetch.' || p.name
    join backlog_internal.retry_ready as r on r.lane_id = l.lane_id
    group by p.pipeline_id
  ),
  dead as (
    select p.pipeline_id, count(*) as dead
    from backlog_internal.pipeline as p
    join backlog_internal.retry_lane as l on l.event_type = 'fetch.' || p.name
    join backlog_internal.dead_letter as d on d.lane_id = l.lane_id
    group by p.pipeline_id
  ),
  loaded as (
    select
      l.pipeline_id,
      count(*) filter (where l.outcome = 'loaded') as loads,
      count(*) filter (where l.outcome <> 'loaded') as refused,
      avg(extract(epoch from l.finished_at - l.started_at)) as seconds,
      sum(t.written) as written
    from backlog_internal.load as l
    cross join bounds as b
    cross join lateral (
      select sum(t.inserted + t.updated + t.deleted) as written
      from backlog_internal.load_table as t
      where t.load_id = l.load_id
    ) as t
    where l.finished_at >= b.today
    group by l.pipeline_id
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'pipeline', v.name,
    'paused', v.paused_at is not null,
    'pending', coalesce(w.pending, 0),
    'staged', v.staged_items,
    'staged_rows', v.staged_rows,
    'failed', coalesce(x.dead, 0),
    'processed_today', coalesce(f.completed, 0),
    'retried_today', coalesce(f.retried, 0),
    'success_percent',
      round(100.0 * f.completed / nullif(f.completed + f.dead, 0), 1),
    'seconds_to_load', round(f.seconds, 3),
    'loads_today', coalesce(l.loads, 0),
    'loads_not_done_today', coalesce(l.refused, 0),
    'seconds_per_load', round(l.seconds, 3),
    'rows_written_today', coalesce(l.written, 0),
    'quarantined_rows', v.quarantined_rows,
    'parked_rows', v.parked_rows,
    'last_load_at', v.last_load_at,
    'last_outcome', v.last_outcome,
    'last_error', v.last_error
  ) order by v.name), '[]')
  from backlog.pipelines as v
  join backlog_internal.pipeline as p on p.name = v.name
  left join fetched as f on f.pipeline_id = p.pipeline_id
  left join waiting as w on w.pipeline_id = p.pipeline_id
  left join dead as x on x.pipeline_id = p.pipeline_id
  left join loaded as l on l.pipeline_id = p.pipeline_id
$$;

comment on function backlog_internal.load_status() is
  $$Report on the pipelines, one JSON object each: what waits, what failed, what was done today.$$;
