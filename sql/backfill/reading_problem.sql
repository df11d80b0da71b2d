create or replace function backlog_internal.reading_problem(p_backfill backlog_internal.backfill, p_counts jsonb)
  returns text
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill;
begin
  if p_backfill.snapshot_number is null then
    return null;
  end if;
  -- Whoever takes another snapshot holds this lock, so none is taken between this look and the commit.
  v_backfill := backlog_internal.find_backfill(p_backfill.backfill_id, true);
  if (p_counts ->> 'snapshot')::int is distinct from v_backfill.snapshot_number then
    return format(
      'a chunk was copied in its snapshot %s, which is lost; others would be in snapshot %s. Create a new backfill.',
      coalesce(p_counts ->> 'snapshot', '(not told)'), v_backfill.snapshot_number
    );
  end if;
  -- That the session which held it is gone by now does no harm: the chunk was read. That a file is does.
  return backlog_internal.snapshot_damage(v_backfill);
end;
$$;

comment on function backlog_internal.reading_problem(backlog_internal.backfill, jsonb) is
  $$Say why a chunk that a writer has brought does not go with the others; null when it does.$$;
