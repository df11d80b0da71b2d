create or replace view backlog.pipeline_tables as
select
  p.name as pipeline,
  t.name as table_name,
  t.load_order,
  t.stable_table,
  t.delta_table,
  t.mode,
  t.column_names,
  t.key_columns,
  t.version_column,
  t.delete_column,
  t.on_malformed,
  t.on_foreign_key,
  t.on_unknown_field,
  t.park_seconds,
  t.late_columns,
  t.deferred_keys,
  array(
    select k.name || ': ' || k.predicate
    from backlog_internal.pipeline_check as k
    where k.pipeline_table_id = t.pipeline_table_id
    order by k.name
  ) as checks,
  t.created_at
from backlog_internal.pipeline_table as t
join backlog_internal.pipeline as p on p.pipeline_id = t.pipeline_id;

comment on view backlog.pipeline_tables is
  $$List the tables of the pipelines in load order, with their delta tables and policies.$$;
comment on column backlog.pipeline_tables.pipeline is 'Name of the pipeline.';
comment on column backlog.pipeline_tables.table_name is 'Name of the table within the pipeline.';
comment on column backlog.pipeline_tables.checks is 'Checks on its rows, as name and predicate.';
