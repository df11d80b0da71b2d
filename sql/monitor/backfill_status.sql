create or replace function backlog_internal.backfill_status()
  returns jsonb
  language sql
  stable
  set search_path = pg_catalog, pg_temp
begin atomic
  with live as (
    select
      v.backfill_id, v.pipeline, v.table_name as "table", v.destination ->> 'kind' as kind, v.state, v.percent,
      v.rows_per_second, v.time_left, v.created_at,
      coalesce('paused: ' || v.pause_reason, v.throttle_reason) as waits_for,
      coalesce(v.paused_at, v.throttled_at) as waits_since,
      v.paused_at is not null as paused,
      v.paused_at is null and v.throttled_at is not null as throttled
    from backlog.backfills as v
    where v.state in ('PENDING', 'EXECUTING')
  ), failed as (
    select
      b.backfill_id, p.name as pipeline, b.source_table::text as "table", b.kind, b.reason, b.finished_at
    from backlog_internal.backfill as b
    join backlog_internal.pipeline as p on p.pipeline_id = b.pipeline_id
    where b.state = 'FAILED'
  ), today as (
    select coalesce(sum(c.rows_matched), 0) as rows_copied
    from backlog_internal.backfill as b
    join backlog_internal.backfill_chunk as c on c.backfill_id = b.backfill_id
    where c.finished_at >= date_trunc('day', backlog_internal.clock() at time zone 'UTC') at time zone 'UTC'
      and c.state = 'COMPLETED'
  )
  select jsonb_build_object(
    'pending', (select count(*) from live as l where l.state = 'PENDING'),
    'executing', (select count(*) from live as l where l.state = 'EXECUTING'),
    'paused', (select count(*) from live as l where l.paused),
    'throttled', (select count(*) from live as l where l.throttled),
    'failed', (select count(*) from failed as f),
    'oldest_at', (select min(l.created_at) from live as l),
    'rows_copied_today', (select t.rows_copied from today as t),
    'live', coalesce((
      select jsonb_agg(to_jsonb(x) - 'created_at' - 'paused' - 'throttled' order by x.backfill_id)
      from (select l.* from live as l order by l.backfill_id limit 20) as x
    ), '[]'),
    'failures', coalesce((
      select jsonb_agg(to_jsonb(x) order by x.finished_at desc, x.backfill_id desc)
      from (select f.* from failed as f order by f.finished_at desc, f.backfill_id desc limit 20) as x
    ), '[]')
  );
end;

comment on function backlog_internal.backfill_status() is
  $$Return the backfills' part of the status report: how many there are, what the live ones wait for, what failed.$$;
