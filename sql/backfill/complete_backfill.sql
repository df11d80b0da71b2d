create or replace function backlog_internal.complete_backfill(p_backfill backlog_internal.backfill)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_refused  bigint;
  v_sequence record;
  v_highest  bigint;
begin
  select sum(c.rows_refused) into v_refused
  from backlog_internal.backfill_chunk as c
  where c.backfill_id = p_backfill.backfill_id;

  -- Values came from the source: what the destination generates from now on must not collide with them.
  for v_sequence in
    select c.name, s.seqrelid::regclass as sequence_name, s.seqmax
    from unnest(p_backfill.target_columns) as c (name)
    join pg_sequence as s
      on s.seqrelid = pg_get_serial_sequence(p_backfill.target_table::text, c.name)::regclass
    where s.seqincrement > 0
  loop
    execute format('select max(t.%I) from %s as t', v_sequence.name, p_backfill.target_table) into v_highest;
    if v_highest <= v_sequence.seqmax
      and v_highest > coalesce(pg_sequence_last_value(v_sequence.sequence_name), 0)
    then
      perform setval(v_sequence.sequence_name, v_highest);
    end if;
  end loop;

  perform backlog_internal.end_backfill(
    p_backfill.backfill_id, 'COMPLETED', case when v_refused > 0 then format('%s rows were refused', v_refused) end
  );
end;
$$;

comment on function backlog_internal.complete_backfill(backlog_internal.backfill) is
  $$End a backfill of which every chunk is done.$$;
