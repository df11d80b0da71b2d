create or replace function backlog_internal.merge_chunk(
  p_load_id bigint,
  p_table backlog_internal.pipeline_table,
  p_rows text,
  p_source regclass,
  p_first tid,
  p_last tid
)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_constraint text;
  v_column     text;
begin
  update backlog_internal.load_work as w
  set
    rows_sql = format(
      'select r.* from (%s) as r where r.backlog_source = %s and r.backlog_row between %L::tid and %L::tid',
      p_rows, p_source::oid, p_first, p_last
    ),
    accepted = 1,
    marked = 0,
    payload = 'none'
  where w.load_id = p_load_id
    and w.pipeline_table_id = p_table.pipeline_table_id;
  perform backlog_internal.merge_table(p_load_id, p_table);
  perform backlog_internal.check_table_keys(p_table);
  return null;
exception
  when data_exception or integrity_constraint_violation or raise_exception or program_limit_exceeded then
    get stacked diagnostics
      v_constraint = constraint_name,
      v_column = column_name;
    return jsonb_build_object(
      'source', p_source::oid, 'row_id', p_first, 'sql_state', sqlstate, 'message', sqlerrm,
      'constraint_name', nullif(v_constraint, ''), 'column_name', nullif(v_column, '')
    );
end;
$$;

comment on function backlog_internal.merge_chunk(
  bigint, backlog_internal.pipeline_table, text, regclass, tid, tid
) is
  $$Try to merge the rows between two places of a delta table. Return null, or undo it and return the error.$$;
