create or replace function backlog_internal.load_account(p_load_id bigint)
  returns jsonb
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_agg(
    to_jsonb(w) - array['load_id', 'pipeline_table_id', 'rows_sql', 'accepted', 'marked', 'payload']
      || jsonb_build_object('table_name', t.name)
    order by w.load_order
  ), '[]')
  from backlog_internal.load_work as w
  join backlog_internal.pipeline_table as t on t.pipeline_table_id = w.pipeline_table_id
  where w.load_id = p_load_id
$$;

comment on function backlog_internal.load_account(bigint) is
  $$Return what a running load did to each table, as JSON.$$;
