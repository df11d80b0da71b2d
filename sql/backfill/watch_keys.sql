create or replace function backlog_internal.watch_keys(p_backfill backlog_internal.backfill)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tables oid[] := backlog_internal.table_family(p_backfill.source_table);
begin
  if p_backfill.consistency <> 'converge' then
    return;
  end if;
  perform backlog_internal.check_read_committed();
  perform backlog_internal.check_backfill_rights(p_backfill.source_table, 'TRIGGER', p_backfill.created_by::name);

  -- Partitions as well: a statement that names one fires no trigger of its parent. Making a trigger waits
  -- for all who write, so no change made after this transaction escapes.
  for v_place in 1..cardinality(v_tables) loop
    perform backlog_internal.watch_table(p_backfill, v_tables[v_place]);
  end loop;
  update backlog_internal.backfill as b
  set watched_tables = v_tables, unwatched_at = null
  where b.backfill_id = p_backfill.backfill_id;
end;
$$;

comment on function backlog_internal.watch_keys(backlog_internal.backfill) is
  $$Make the triggers that note which keys change while a backfill converges.

Raises 42501 when the role may not make triggers on the table, 25001 in a transaction that would not see
what others commit.$$;
