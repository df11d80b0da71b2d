create or replace function backlog_internal.isolate_guilty(
  p_load_id bigint,
  p_table backlog_internal.pipeline_table,
  p_limit int
)
  returns int
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table backlog_internal.pipeline_table;
  v_found record;
begin
  if p_limit < 1 then
    return null;
  end if;
  begin
    perform backlog_internal.defer_keys(p_table.pipeline_id, true);
    for v_table in
      select t.* from backlog_internal.load_tables_of(p_load_id) as t where t.load_order < p_table.load_order
    loop
      perform backlog_internal.merge_table(p_load_id, v_table);
    end loop;
    v_table := backlog_internal.loosen_own_keys(p_table);
    if v_table.pipeline_table_id is not null then
      select f.* into v_found from backlog_internal.find_guilty(p_load_id, v_table, p_limit) as f;
    end if;
    raise exception using
      errcode = 'PB108',
      message = 'attempts undone',
      hint = 'Caught right below: it only takes the work back.';
  exception
    when sqlstate 'PB108' then
      null;
  end;
  if v_table.pipeline_table_id is null or v_found.o_guilty is null or v_found.o_guilty = '[]' then
    return null;
  end if;

  execute format(
    'insert into backlog_internal.load_verdict (load_id, pipeline_table_id, source, row_id, item_id,'
      ' quarantine_row_id, rule, sql_state, constraint_name, column_name, value, message, action)'
      ' select $1, $2, r.backlog_source, r.backlog_row, r.backlog_item_id, r.backlog_quarantine_id,'
      ' ''write'', g.sql_state, g.constraint_name, g.column_name,'
      ' left(nullif(concat_ws('', '', null%s), ''''), 200), g.message, %s'
      ' from jsonb_to_recordset($3) as g (source oid, row_id tid, sql_state text, constraint_name text,'
      '  column_name text, message text)'
      ' join (%s) as r on r.backlog_source = g.source and r.backlog_row = g.row_id',
    backlog_internal.quoted_list(p_table.key_columns, ', r.%I', ''),
    backlog_internal.malformed_action(p_table),
    backlog_internal.load_rows(p_load_id, p_table.pipeline_table_id)
  )
  using p_load_id, p_table.pipeline_table_id, v_found.o_guilty;
  perform backlog_internal.settle_verdicts(p_load_id, p_table);
  return p_limit - v_found.o_attempts;
end;
$$;

comment on function backlog_internal.isolate_guilty(bigint, backlog_internal.pipeline_table, int) is
  $$Find the rows of a table that the database refuses for reasons no verdict foresees, and judge them.

Returns how many of p_limit attempts are left; null when it could not be told which rows they are.$$;
