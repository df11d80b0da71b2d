create or replace function backlog.refresh_pipeline_table(p_pipeline text, p_table text)
  returns table (change text, column_name text)
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_table  backlog_internal.pipeline_table := backlog_internal.find_pipeline_table(p_pipeline, p_table);
  v_new    backlog_internal.pipeline_table;
  v_change record;
begin
  perform backlog_internal.lock_pipeline(v_table.pipeline_id);
  perform backlog_internal.check_table_rights(v_table.stable_table, 'SELECT');
  execute format('lock table %s in access exclusive mode', v_table.delta_table);
  v_new := v_table;

  for v_change in
    select c.* from backlog_internal.column_changes(v_table) as c
  loop
    execute v_change.statement;
    -- Quarantined rows follow a new name.
    update backlog_internal.quarantine_row as q
    set row_data = q.row_data - v_change.old_name
      || jsonb_build_object(v_change.new_name, q.row_data -> v_change.old_name)
    where q.pipeline_table_id = v_table.pipeline_table_id
      and v_change.change = 'renamed'
      and jsonb_typeof(q.row_data) = 'object'
      and q.row_data ? v_change.old_name;
    v_new.key_columns := array_replace(v_new.key_columns, v_change.old_name, v_change.new_name);
    if v_new.version_column = v_change.old_name then
      v_new.version_column := v_change.new_name;
    end if;
    change := v_change.change;
    column_name := coalesce(v_change.new_name, v_change.old_name);
    return next;
  end loop;

  v_new.column_names := array(
    select c.name
    from unnest(backlog_internal.delta_columns(v_table)) as c (name)
    where c.name is distinct from v_table.delete_column
      or v_table.delete_column = any (v_table.column_names)
  );
  v_new.key_columns := backlog_internal.choose_key(
    v_new.stable_table, v_new.mode, nullif(v_new.key_columns, '{}')
  );
  v_new := backlog_internal.choose_columns(v_new, v_new.column_names);
  update backlog_internal.pipeline_table as t
  set
    column_names = v_new.column_names,
    column_numbers = v_new.column_numbers,
    last_column_number = v_new.last_column_number,
    key_columns = v_new.key_columns,
    version_column = v_new.version_column
  where t.pipeline_table_id = v_table.pipeline_table_id;
  update backlog_internal.quarantine_row as q
  set
    row_key = backlog_internal.typed_columns(v_table.delta_table, v_new.key_columns, q.row_data),
    row_version = backlog_internal.typed_columns(
      v_table.delta_table, array_remove(array[v_new.version_column], null), q.row_data
    )
  where q.pipeline_table_id = v_table.pipeline_table_id
    and q.state in ('waiting', 'parked', 'replaying');
  perform backlog_internal.order_tables(v_table.pipeline_id);
end;
$$;

comment on function backlog.refresh_pipeline_table(text, text) is
  $$Let a delta table follow its stable table: columns that were added, dropped, renamed or retyped.

Returns one row per change. A column that was left out when the table was added with p_columns stays
out, unless it has become required. Fields of fetched rows are found by the new names from then on.
Checks of the pipeline follow a renamed column only if they are added again.

Raises PB101 when there is no such table, PB102 when the key or version column is gone, PB103 while a
load of the pipeline runs.$$;
