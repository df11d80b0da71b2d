create or replace function backlog.add_pipeline_table(
  p_pipeline text,
  p_table regclass,
  p_mode text = 'upsert',
  p_key text[] = null,
  p_columns text[] = null,
  p_version_column text = null,
  p_delete_column text = null,
  p_on_malformed text = 'dead_letter_item',
  p_on_foreign_key text = 'refuse_load',
  p_on_unknown_field text = 'ignore',
  p_park_seconds int = 604800,
  p_delta_name text = null,
  p_logged boolean = false
)
  returns regclass
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_pipeline backlog_internal.pipeline := backlog_internal.find_pipeline(p_pipeline);
  v_table    backlog_internal.pipeline_table;
begin
  v_table.pipeline_id := v_pipeline.pipeline_id;
  v_table.stable_table := p_table;
  v_table.mode := p_mode;
  v_table.version_column := p_version_column;
  v_table.delete_column := p_delete_column;
  v_table.on_malformed := p_on_malformed;
  v_table.on_foreign_key := p_on_foreign_key;
  v_table.on_unknown_field := p_on_unknown_field;
  v_table.park_seconds := p_park_seconds;
  perform backlog_internal.check_table_policies(v_table);
  perform backlog_internal.check_table_rights(
    p_table, case p_mode when 'append' then 'SELECT,INSERT' else 'SELECT,INSERT,UPDATE,DELETE' end
  );

  v_table.key_columns := backlog_internal.choose_key(p_table, p_mode, p_key);
  v_table := backlog_internal.choose_columns(v_table, p_columns);
  v_table.pipeline_table_id := nextval(
    pg_get_serial_sequence('backlog_internal.pipeline_table', 'pipeline_table_id')
  );
  v_table := backlog_internal.create_delta(v_table, p_delta_name, p_logged);

  select c.relname, backlog_internal.clock(), 0, array[]::text[], array[]::text[]
  into v_table.name, v_table.created_at, v_table.load_order, v_table.late_columns, v_table.deferred_keys
  from pg_class as c
  where c.oid = p_table;
  insert into backlog_internal.pipeline_table overriding system value values (v_table.*);

  perform backlog_internal.order_tables(v_pipeline.pipeline_id);
  return v_table.delta_table;
exception
  when unique_violation then
    raise exception using
      errcode = 'PB102',
      message = format('pipeline %L has table %s, or another of that name, already', p_pipeline, p_table),
      hint = 'The view backlog.pipeline_tables lists them.';
end;
$$;

comment on function backlog.add_pipeline_table(
  text, regclass, text, text[], text[], text, text, text, text, text, int, text, boolean
) is
  $$Let a pipeline load a table; make and return its delta table, where rows wait.

The delta table is named delta_<table>, or p_delta_name, stands in the table's own schema and has its
columns (p_columns: only these; the load never touches others), all nullable. COPY or INSERT into it,
or stage JSON with backlog.stage_rows. It is not logged: a crash of the server empties it. Staged items
are fetched again by themselves then, rows that were copied without an item must be copied again,
unless p_logged.

p_mode: upsert; append, which only adds rows; replace, which also deletes the rows that a full set of
pages lacks. p_key names the columns by which a row is found again, the primary key if left out. A row
whose p_version_column is less than the stable row's changes nothing. A row whose p_delete_column is
true deletes; when the table has no such column, the delta table gets one.

p_on_malformed, for rows of the wrong shape, type or content: dead_letter_item (the whole page waits
for a person; a row without an item is quarantined), quarantine_row, or null_value (a value of the wrong
type becomes null where null is allowed). p_on_foreign_key, for rows without their parent: refuse_load
(nothing is loaded and the items at fault are retried), quarantine_row, park (the row waits
p_park_seconds for its parent), or dead_letter_item. p_on_unknown_field: ignore or reject.

Raises PB101 when there is no such pipeline, PB102 when the definition cannot work: no key, a cycle of
foreign keys that cannot be filled in any order, a name that is taken. Raises PB003 when an option is
unknown and 42501 when a right on the table is missing.$$;
