create or replace view backlog.loads as
select
  l.load_id,
  p.name as pipeline,
  l.outcome,
  l.started_at,
  l.finished_at,
  extract(epoch from l.finished_at - l.started_at)::numeric(12, 3) as seconds,
  l.items_completed,
  l.items_failed,
  t.received,
  t.inserted,
  t.updated,
  t.unchanged,
  t.deleted,
  t.rejected,
  t.parked,
  t.duplicates,
  t.outdated,
  l.error_code,
  l.error,
  l.problems
from backlog_internal.load as l
join backlog_internal.pipeline as p on p.pipeline_id = l.pipeline_id
cross join lateral (
  select
    coalesce(sum(t.received), 0)::bigint as received,
    coalesce(sum(t.inserted), 0)::bigint as inserted,
    coalesce(sum(t.updated), 0)::bigint as updated,
    coalesce(sum(t.unchanged), 0)::bigint as unchanged,
    coalesce(sum(t.deleted), 0)::bigint as deleted,
    coalesce(sum(t.rejected), 0)::bigint as rejected,
    coalesce(sum(t.parked), 0)::bigint as parked,
    coalesce(sum(t.duplicates), 0)::bigint as duplicates,
    coalesce(sum(t.outdated), 0)::bigint as outdated
  from backlog_internal.load_table as t
  where t.load_id = l.load_id
) as t;

comment on view backlog.loads is
  $$List the loads that had something to do: the ledger. backlog.load_tables has the counts by table.$$;
comment on column backlog.loads.load_id is 'Key of the load.';
comment on column backlog.loads.pipeline is 'Name of the pipeline.';
comment on column backlog.loads.seconds is 'How long it took.';
