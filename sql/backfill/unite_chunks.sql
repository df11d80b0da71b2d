create or replace function backlog_internal.unite_chunks(p_backfill backlog_internal.backfill)
  returns backlog_internal.backfill
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill := p_backfill;
begin
  if backlog_internal.shares_snapshot(p_backfill) then
    v_backfill.snapshot_number := 0;
  elsif p_backfill.consistency = 'snapshot' then
    -- One statement is one snapshot. What is worked by functions runs in the transactions of those who call
    -- them, and these cannot share one.
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
  $$Settle how a backfill of the consistency snapshot reads: many chunks in a snapshot that they share, or, where
none can be shared, one chunk by one statement.$$;
