create or replace function backlog_internal.shares_snapshot(p_backfill backlog_internal.backfill)
  returns boolean
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select p_backfill.consistency = 'snapshot'
    and p_backfill.kind <> 'table'
    -- Another server's tables have snapshots of their own, and what a view reads nobody knows.
    and not exists (
      select from pg_class as c
      where c.oid = any (backlog_internal.table_family(p_backfill.source_table))
        and c.relkind not in ('r', 'p', 'm')
    )
$$;

comment on function backlog_internal.shares_snapshot(backlog_internal.backfill) is
  $$Tell whether a backfill of the consistency snapshot can have many chunks, all read in one exported snapshot.$$;
