create or replace function backlog_internal.is_settled(p_backfill backlog_internal.backfill)
  returns boolean
  language sql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
  -- Within one transaction a second look would show what the first one did.
  select pg_stat_clear_snapshot();
  -- Only transactions of this database matter, with an id or without: one may have taken its keys from
  -- a sequence before it had an id. One that only reads may stay open for hours: it is not waited for
  -- without end. Where other sessions are hidden from us, whatever has an id counts.
  select p_backfill.plan_snapshot is null
    or not exists (
      select from pg_stat_activity as a
      where a.datname = current_database()
        and a.pid <> pg_backend_pid()
        -- A vacuum may take hours, and writes no rows.
        and coalesce(a.backend_type, '') not in ('autovacuum worker', 'walsender')
        and (
          -- Clocks are set, and times of transactions are not always tracked; ids are certain.
          a.backend_xid = any (array(select x.xid::xid from pg_snapshot_xip(p_backfill.plan_snapshot) as x (xid)))
          or a.xact_start < p_backfill.planned_at
          and (a.backend_xid is not null or p_backfill.planned_at > backlog_internal.clock()
            - make_interval(secs => backlog_internal.setting('backfill_settle_seconds')::int))
        )
    )
    and not exists (
      select from pg_prepared_xacts as x
      where x.database = current_database()
        and age(x.transaction) >= age(pg_snapshot_xmax(p_backfill.plan_snapshot)::xid)
    )
    and (
      pg_has_role('pg_read_all_stats', 'usage')
      or not exists (
        select from pg_snapshot_xip(pg_current_snapshot()) as x (xid)
        where x.xid < pg_snapshot_xmax(p_backfill.plan_snapshot)
      )
    )
$$;

comment on function backlog_internal.is_settled(backlog_internal.backfill) is
  $$Tell whether all transactions that were in progress when a backfill was planned have ended.$$;
