create or replace function backlog_internal.snapshot_holders(p_backfill_id bigint, p_number int)
  returns int[]
  language sql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
  select array(
    select l.pid
    from pg_locks as l
    where l.locktype = 'advisory'
      and l.database = (select d.oid from pg_database as d where d.datname = current_database())
      and l.classid = 1346522182
      and l.objid = backlog_internal.snapshot_key(p_backfill_id, p_number)::oid
      and l.objsubid = 2
      and l.granted
  )
$$;

comment on function backlog_internal.snapshot_holders(bigint, int) is
  $$List the server processes whose transactions keep a snapshot of a backfill alive.$$;
