create or replace function backlog_internal.merge_tables(
  p_load_id bigint,
  p_pipeline_id bigint,
  out o_table_id bigint,
  out o_error_code text,
  out o_error text,
  out o_hint text
)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table backlog_internal.pipeline_table;
begin
  perform backlog_internal.defer_keys(p_pipeline_id, true);
  for v_table in select t.* from backlog_internal.load_tables_of(p_load_id) as t loop
    o_table_id := v_table.pipeline_table_id;
    perform backlog_internal.merge_table(p_load_id, v_table);
    perform backlog_internal.check_table_keys(v_table);
  end loop;
exception
  when data_exception or integrity_constraint_violation or raise_exception or program_limit_exceeded then
    get stacked diagnostics
      o_error_code = returned_sqlstate,
      o_error = message_text,
      o_hint = pg_exception_hint;
end;
$$;

comment on function backlog_internal.merge_tables(bigint, bigint) is
  $$Merge all tables of a load, parents first. If the rows of one are not accepted, undo that and tell of the error.

o_error_code is null when all went well; else o_table_id is the table at fault.$$;
