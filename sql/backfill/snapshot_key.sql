create or replace function backlog_internal.snapshot_key(p_backfill_id bigint, p_number int)
  returns int
  language sql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
  select ((p_backfill_id * 64 + p_number % 64) % 2147483647)::int
$$;

comment on function backlog_internal.snapshot_key(bigint, int) is
  $$Return the second key of the advisory lock that the holders of a snapshot share; the first is 1346522182.

By this lock everybody can see in pg_locks whether somebody holds it. The name of a snapshot would not do:
names come again after the server was restarted.$$;
