create or replace function backlog_internal.write_changes(
  p_load_id bigint,
  p_table backlog_internal.pipeline_table,
  p_statement text
)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_payload text;
  v_count   bigint;
begin
  select w.payload
  into v_payload
  from backlog_internal.load_work as w
  where w.load_id = p_load_id
    and w.pipeline_table_id = p_table.pipeline_table_id;

  if v_payload = 'none' then
    execute p_statement;
  else
    execute format(
      'with changed as (%s returning %s as record)'
        ' insert into backlog_internal.load_change (load_id, pipeline_table_id, record)'
        ' select $1, $2, c.record from changed as c',
      p_statement,
      case
        when v_payload = 'keys' and p_table.key_columns <> '{}'
          then backlog_internal.key_sql(p_table.key_columns, 's')
        else 'to_jsonb(s)'
      end
    )
    using p_load_id, p_table.pipeline_table_id;
  end if;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;

comment on function backlog_internal.write_changes(bigint, backlog_internal.pipeline_table, text) is
  $$Run an insert or update of a load, whose target is called s; return how many rows it wrote.

Keeps these rows, or their keys, if the checkpoint events of the load are to hold them.$$;
