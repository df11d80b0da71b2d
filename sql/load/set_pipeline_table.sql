create or replace function backlog.set_pipeline_table(p_pipeline text, p_table text, p_options jsonb)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table backlog_internal.pipeline_table := backlog_internal.find_pipeline_table(p_pipeline, p_table);
begin
  perform backlog_internal.check_options(p_options, array[
    'mode', 'version_column', 'on_malformed', 'on_foreign_key', 'on_unknown_field', 'park_seconds'
  ]);

  v_table := jsonb_populate_record(v_table, p_options);
  perform backlog_internal.check_table_policies(v_table);
  perform backlog_internal.check_table_rights(
    v_table.stable_table,
    case v_table.mode when 'append' then 'SELECT,INSERT' else 'SELECT,INSERT,UPDATE,DELETE' end
  );
  perform backlog_internal.choose_key(
    v_table.stable_table, v_table.mode, nullif(v_table.key_columns, '{}')
  );
  perform backlog_internal.choose_columns(v_table, v_table.column_names);

  update backlog_internal.pipeline_table as t
  set
    mode = v_table.mode,
    version_column = v_table.version_column,
    on_malformed = v_table.on_malformed,
    on_foreign_key = v_table.on_foreign_key,
    on_unknown_field = v_table.on_unknown_field,
    park_seconds = v_table.park_seconds
  where t.pipeline_table_id = v_table.pipeline_table_id;
end;
$$;

comment on function backlog.set_pipeline_table(text, text, jsonb) is
  $$Change policies of a pipeline's table; those that the object does not name stay as they are.

Options are mode, version_column, on_malformed, on_foreign_key, on_unknown_field and park_seconds, as in
backlog.add_pipeline_table.

Raises PB101 when there is no such table, PB003 when an option is unknown, PB102 when the definition
cannot work, 42501 when a right on the table is missing.$$;
