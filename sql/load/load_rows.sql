create or replace function backlog_internal.load_rows(p_load_id bigint, p_pipeline_table_id bigint)
  returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select w.rows_sql
  from backlog_internal.load_work as w
  where w.load_id = p_load_id
    and w.pipeline_table_id = p_pipeline_table_id
$$;

comment on function backlog_internal.load_rows(bigint, bigint) is
  $$Return the query for the rows of one table in a running load.$$;
