create or replace function backlog.backfill_snapshot_held(p_backfill_id bigint, p_number int)
  returns boolean
  language sql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
  select backlog_internal.snapshot_holders(p_backfill_id, p_number) <> array[]::int[]
$$;

comment on function backlog.backfill_snapshot_held(bigint, int) is
  $$Tell whether a session holds a snapshot of a backfill.

For workers of writers, right after set transaction snapshot and in the same transaction: names of
snapshots come again after a restart of the server, so the name alone does not tell which one it is.$$;
