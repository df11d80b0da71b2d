create or replace function backlog_internal.judge_deletes(
  p_load_id bigint,
  p_table backlog_internal.pipeline_table
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows text := backlog_internal.load_rows(p_load_id, p_table.pipeline_table_id);
  v_key  record;
begin
  if p_table.delete_column is null then
    return;
  end if;
  for v_key in select k.* from backlog_internal.referring_keys(p_load_id, p_table) as k loop
    execute format(
      'insert into backlog_internal.load_verdict (load_id, pipeline_table_id, source, row_id, item_id,'
        ' quarantine_row_id, rule, sql_state, constraint_name, column_name, value, message, action)'
        ' select $1, $2, r.backlog_source, r.backlog_row, r.backlog_item_id, r.backlog_quarantine_id,'
        ' ''delete'', ''23503'', $3, $4, left(concat_ws('', '', %s), 200), $5,'
        ' case when $6 = ''dead_letter_item'' and r.backlog_item_id is null'
        ' then ''quarantine_row'' else $6 end'
        ' from (%s) as r where r.backlog_deleted and exists (select from %s as s join %s as c on %s'
        ' where %s and not (%s))',
      backlog_internal.quoted_list(p_table.key_columns, 'r.%I'),
      v_rows, p_table.stable_table, v_key.child, v_key.joined_sql,
      backlog_internal.quoted_list(p_table.key_columns, 's.%I = r.%I', ' and '),
      v_key.settled_sql
    )
    using p_load_id, p_table.pipeline_table_id, v_key.constraint_name,
      array_to_string(p_table.key_columns, ', '), format('rows of %s refer to it', v_key.child),
      p_table.on_foreign_key;
  end loop;
end;
$$;

comment on function backlog_internal.judge_deletes(bigint, backlog_internal.pipeline_table) is
  $$Judge delete marks: rows that stay must not refer to the row that goes.$$;
