create or replace view backlog.load_tables as
select
  t.load_id,
  p.name as pipeline,
  t.table_name,
  t.load_order,
  t.received,
  t.inserted,
  t.updated,
  t.unchanged,
  t.deleted,
  t.rejected,
  t.parked,
  t.duplicates,
  t.outdated,
  t.note
from backlog_internal.load_table as t
join backlog_internal.load as l on l.load_id = t.load_id
join backlog_internal.pipeline as p on p.pipeline_id = l.pipeline_id;

comment on view backlog.load_tables is
  $$List what each load did to each table. Except for delete-missing, the counts add up to received.$$;
comment on column backlog.load_tables.load_id is 'The load.';
comment on column backlog.load_tables.pipeline is 'Name of the pipeline.';
