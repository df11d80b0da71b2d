create or replace function backlog_internal.table_family(p_table regclass)
  returns oid[]
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  with recursive family as (
    select p_table::oid as table_oid
    union
    select i.inhrelid from pg_inherits as i join family as f on f.table_oid = i.inhparent
  )
  select array_agg(f.table_oid order by f.table_oid) from family as f
$$;

comment on function backlog_internal.table_family(regclass) is
  $$Return a table with its partitions and the tables that inherit from it, all levels.$$;
