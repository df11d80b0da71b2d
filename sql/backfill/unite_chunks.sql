create or replace function backlog_internal.unite_chunks(p_backfill backlog_internal.backfill)
  returns backlog_internal.backfill
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill := p_backfill;
begin
  -- One statement is one snapshot. Chunks of their own transactions could only share one that a session
  -- holds open, and would be lost with it.
  if p_backfill.consistency = 'snapshot' then
    v_backfill.key_columns := array[]::text[];
    v_backfill.key_sql := array[]::text[];
    v_backfill.key_types := array[]::text[];
    v_backfill.key_is_unique := false;
    v_backfill.key_is_nullable := false;
  end if;
  return v_backfill;
end;
$$;

comment on function backlog_internal.unite_chunks(backlog_internal.backfill) is
  $$Let a backfill of the consistency snapshot be one chunk, read by one statement.$$;
