create or replace function backlog_internal.load_tables_of(p_load_id bigint, p_reverse boolean = false)
  returns setof backlog_internal.pipeline_table
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select t.*
  from backlog_internal.load_work as w
  join backlog_internal.pipeline_table as t on t.pipeline_table_id = w.pipeline_table_id
  where w.load_id = p_load_id
  order by case when p_reverse then -w.load_order else w.load_order end
$$;

comment on function backlog_internal.load_tables_of(bigint, boolean) is
  $$List the tables of a running load, parents first, or children first.$$;
