create or replace function backlog.backfill_throttle(p_table regclass = null)
  returns text
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now    timestamptz := backlog_internal.clock();
  v_lag    numeric := backlog_internal.setting('backfill_max_replica_lag_mb')::numeric;
  v_wal    numeric := backlog_internal.setting('backfill_max_slot_wal_mb')::numeric;
  v_age    numeric := backlog_internal.setting('backfill_max_snapshot_seconds')::numeric;
  v_reason text;
begin
  if not pg_is_in_recovery() then
    select format(
      'replica %s is %s MB behind',
      coalesce(nullif(r.application_name, ''), r.client_addr::text), round(r.behind / 1048576)
    )
    into v_reason
    from (
      select s.application_name, s.client_addr, pg_wal_lsn_diff(pg_current_wal_lsn(), s.replay_lsn) as behind
      from pg_stat_replication as s
    ) as r
    where v_lag > 0
      and r.behind > v_lag * 1048576
    order by r.behind desc
    limit 1;

    select coalesce(v_reason, format('slot %s retains %s MB of WAL', s.slot_name, round(s.kept / 1048576)))
    into v_reason
    from (select) as one
    left join (
      select r.slot_name, pg_wal_lsn_diff(pg_current_wal_lsn(), r.restart_lsn) as kept
      from pg_replication_slots as r
      order by kept desc nulls last
      limit 1
    ) as s on true
    where v_reason is not null or v_wal > 0 and s.kept > v_wal * 1048576;
  end if;

  if v_reason is null and v_age > 0 then
    select format(
      'session %s has held back vacuum for %s seconds', a.pid, extract(epoch from v_now - a.xact_start)::bigint
    )
    into v_reason
    from pg_stat_activity as a
    where a.backend_xmin is not null
      -- A vacuum does not keep another one from removing anything, however long it takes.
      and a.backend_type not in ('walsender', 'autovacuum worker')
      and a.datname = current_database()
      and a.pid <> pg_backend_pid()
      -- Who holds a snapshot for backfills is no reason for them to wait.
      and not exists (
        select from pg_locks as l
        where l.pid = a.pid and l.locktype = 'advisory' and l.classid = 1346522182 and l.objsubid = 2
      )
      and a.xact_start < v_now - make_interval(secs => v_age::double precision)
    order by a.xact_start
    limit 1;
  end if;
  if v_reason is null then
    select format('vacuum is running on %s', p_table) into v_reason
    from pg_stat_progress_vacuum as v
    where v.relid = p_table
      and backlog_internal.setting('backfill_wait_for_vacuum')::boolean
    limit 1;
  end if;
  return coalesce(v_reason, backlog_internal.backfill_conditions());
end;
$$;

comment on function backlog.backfill_throttle(regclass) is
  $$Tell why backfills of a table should wait: null when the server is well.

Looks at replica lag, WAL retained by slots, sessions that hold back vacuum, a vacuum that runs on the
table, and the conditions of backlog.set_backfill_condition. The limits are settings whose names begin with
backfill_max_; 0 takes one away. Asked before a chunk unless it was asked, with no objection, less than
backfill_throttle_seconds ago.$$;
