create or replace function backlog_internal.delta_columns(p_table backlog_internal.pipeline_table)
  returns text[]
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select array_agg(a.attname::text order by a.attnum)
  from pg_attribute as a
  where a.attrelid = p_table.delta_table
    and a.attnum > 0
    and not a.attisdropped
$$;

comment on function backlog_internal.delta_columns(backlog_internal.pipeline_table) is
  $$List the columns of a delta table in their order: those that the pipeline fills, and the delete mark.$$;
