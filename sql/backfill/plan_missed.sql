create or replace function backlog_internal.plan_missed(p_backfill backlog_internal.backfill)
  returns boolean
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tables  oid[] := backlog_internal.table_family(p_backfill.source_table);
  v_changed boolean := v_tables <> p_backfill.watched_tables;
  v_child   oid;
  v_emptied bigint;
begin
  delete from backlog_internal.backfill_touched as t
  where t.backfill_id = p_backfill.backfill_id
    and t.key is null;
  get diagnostics v_emptied = row_count;
  if v_emptied = 0 and not v_changed then
    return false;
  end if;

  for v_child in
    select n.table_oid from unnest(v_tables) as n (table_oid) where n.table_oid <> all (p_backfill.watched_tables)
  loop
    -- Watched first, read then: what is written to it from now on is noted.
    perform backlog_internal.watch_table(p_backfill, v_child);
    perform backlog_internal.add_child_chunk(p_backfill, v_child);
  end loop;
  update backlog_internal.backfill as b
  set watched_tables = v_tables
  where b.backfill_id = p_backfill.backfill_id
    and v_changed;
  -- Whatever came, went or was emptied may have taken rows along whose keys nobody knows.
  perform backlog_internal.add_extra_chunk(p_backfill.backfill_id);
  return true;
end;
$$;

comment on function backlog_internal.plan_missed(backlog_internal.backfill) is
  $$Plan chunks for what changed in a converging backfill's table without notice of the keys: partitions that
came or went, and truncation. Tell whether there was any.$$;
