create or replace function backlog_internal.note_family(p_backfill backlog_internal.backfill)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tables oid[];
begin
  if p_backfill.watched_tables is null then
    return;
  end if;
  perform backlog_internal.check_read_committed();
  -- As long as somebody reads, no partition can go.
  execute format('lock table %s in access share mode', p_backfill.source_table);
  v_tables := backlog_internal.table_family(p_backfill.source_table);
  if v_tables = p_backfill.watched_tables then
    return;
  end if;

  -- One that is gone may come back, and one that has come may go before anybody looks again.
  insert into backlog_internal.backfill_touched (backfill_id, key)
  select p_backfill.backfill_id, null
  where not exists (
    select from backlog_internal.backfill_touched as t
    where t.backfill_id = p_backfill.backfill_id and t.key is null
  );
  update backlog_internal.backfill as b
  set watched_tables = array(
    select w.table_oid from unnest(b.watched_tables) as w (table_oid) where w.table_oid = any (v_tables)
  )
  where b.backfill_id = p_backfill.backfill_id
    and not b.watched_tables <@ v_tables;
end;
$$;

comment on function backlog_internal.note_family(backlog_internal.backfill) is
  $$Note for a converging backfill that a chunk was read while its table had more or fewer partitions than are watched.

Called before and after the reading. Raises 25001 in a transaction that would not see what others commit.$$;
