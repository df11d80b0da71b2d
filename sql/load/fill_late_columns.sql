create or replace function backlog_internal.fill_late_columns(
  p_load_id bigint,
  p_table backlog_internal.pipeline_table
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_key text := backlog_internal.key_sql(p_table.key_columns, 's');
begin
  if p_table.late_columns = '{}' then
    return;
  end if;
  execute format(
    'update %s as s set %s from (%s) as r where not r.backlog_deleted and %s and (%s) and %s',
    p_table.stable_table,
    backlog_internal.quoted_list(p_table.late_columns, '%I = r.%I'),
    backlog_internal.load_rows(p_load_id, p_table.pipeline_table_id),
    backlog_internal.quoted_list(p_table.key_columns, 's.%I = r.%I', ' and '),
    backlog_internal.quoted_list(p_table.late_columns, 's.%I is distinct from r.%I', ' or '),
    backlog_internal.version_sql(p_table)
  );

  -- What is kept for checkpoint events lacks these columns.
  execute format(
    'update backlog_internal.load_change as c set record = to_jsonb(s) from %s as s'
      ' where c.load_id = $1 and c.pipeline_table_id = $2 and %s ='
      ' (select jsonb_object_agg(k.name, c.record -> k.name) from unnest($3) as k (name))'
      ' and exists (select from backlog_internal.load_work as w where w.load_id = $1'
      '  and w.pipeline_table_id = $2 and w.payload = ''records'')',
    p_table.stable_table, v_key
  )
  using p_load_id, p_table.pipeline_table_id, p_table.key_columns;
end;
$$;

comment on function backlog_internal.fill_late_columns(bigint, backlog_internal.pipeline_table) is
  $$Fill the columns of a foreign key cycle that had to wait until all tables had their rows.$$;
