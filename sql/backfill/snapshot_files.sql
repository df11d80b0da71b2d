create or replace function backlog_internal.snapshot_files(p_table regclass)
  returns jsonb
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  -- Read from the catalog's rows, which are as of the caller's snapshot.
  select jsonb_build_object(
    'newest', (select max(n.oid)::bigint from pg_class as n),
    'tables', jsonb_object_agg(c.oid::text, c.relfilenode::bigint)
  )
  from pg_class as c
  where c.oid = any (backlog_internal.table_family(p_table))
$$;

comment on function backlog_internal.snapshot_files(regclass) is
  $$Describe the files of a table and of all that inherit from it, and the newest table that there is.

What replaces a file (truncate, vacuum full, a change of type) takes the rows of older snapshots away, or
moves them.$$;
