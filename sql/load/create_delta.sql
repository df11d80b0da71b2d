create or replace function backlog_internal.create_delta(
  p_table backlog_internal.pipeline_table,
  p_delta_name text,
  p_logged boolean
)
  returns backlog_internal.pipeline_table
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table    backlog_internal.pipeline_table := p_table;
  v_schema   name;
  v_stable   name;
  v_delta    name;
  v_columns  text;
  v_kind     text := case when p_logged then '' else 'unlogged' end;
begin
  select n.nspname, c.relname, coalesce(p_delta_name, left('delta_' || c.relname, 63))
  into v_schema, v_stable, v_delta
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where c.oid = p_table.stable_table;
  if to_regclass(format('%I.%I', v_schema, v_delta)) is not null then
    perform backlog_internal.raise_invalid_pipeline(
      format('there is a table %I.%I already', v_schema, v_delta),
      'Give the delta table another name with p_delta_name.'
    );
  end if;

  select string_agg(
    format('%I %s%s', c.column_name, c.type_name, ' collate ' || c.collation_name), ', '
    order by c.column_number
  )
  into v_columns
  from backlog_internal.stable_columns(p_table.stable_table) as c
  where c.column_name = any (p_table.column_names);
  if p_table.delete_column <> all (p_table.column_names) then
    v_columns := v_columns || format(', %I boolean', p_table.delete_column);
  end if;

  -- Two tables: people COPY into the plain one, whose columns are theirs alone; pages wait in its
  -- child, which knows the item of each row. A query of the first shows both.
  execute format(
    'create %s table %I.%I (%s) with (autovacuum_vacuum_scale_factor = 0.1)',
    v_kind, v_schema, v_delta, v_columns
  );
  v_table.delta_table := format('%I.%I', v_schema, v_delta)::regclass;
  execute format(
    'comment on table %s is %L', v_table.delta_table,
    format('made by pgbacklog: rows for %I.%I wait here for the next load', v_schema, v_stable)
  );
  execute format('grant all on table %s to %I', v_table.delta_table, backlog_internal.caller());

  execute format(
    'create %s table backlog_internal.%I ('
      'backlog_item_id bigint, backlog_lock_token bigint, backlog_page bigint, '
      'backlog_position int, backlog_quarantine_id bigint) inherits (%s) '
      'with (autovacuum_vacuum_scale_factor = 0.1)',
    v_kind, 'delta_' || v_table.pipeline_table_id, v_table.delta_table
  );
  v_table.staging_table := format('backlog_internal.%I', 'delta_' || v_table.pipeline_table_id)::regclass;
  execute format(
    'comment on table %s is %L', v_table.staging_table,
    format('made by pgbacklog: staged pages for %I.%I', v_schema, v_stable)
  );
  return v_table;
end;
$$;

comment on function backlog_internal.create_delta(backlog_internal.pipeline_table, text, boolean) is
  $$Make the delta table of a pipeline table, and the child that holds staged pages.

Raises PB102 when the name is taken.$$;
