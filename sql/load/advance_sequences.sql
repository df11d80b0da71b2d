create or replace function backlog_internal.advance_sequences(
  p_load_id bigint,
  p_table backlog_internal.pipeline_table
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows    text := backlog_internal.load_rows(p_load_id, p_table.pipeline_table_id);
  v_column  record;
  v_highest bigint;
begin
  for v_column in
    select n.name, s.seqrelid::regclass as sequence_name, s.seqmax
    from unnest(p_table.column_names) as n (name)
    join pg_sequence as s
      on s.seqrelid = pg_get_serial_sequence(p_table.stable_table::text, n.name)::regclass
    where s.seqincrement > 0
  loop
    execute format('select max(r.%I) from (%s) as r', v_column.name, v_rows) into v_highest;
    if v_highest <= v_column.seqmax
      and v_highest > coalesce(pg_sequence_last_value(v_column.sequence_name), 0)
    then
      perform setval(v_column.sequence_name, v_highest);
    end if;
  end loop;
end;
$$;

comment on function backlog_internal.advance_sequences(bigint, backlog_internal.pipeline_table) is
  $$Move identity and serial sequences past the values that a load brings, so that later ones do not collide.$$;
