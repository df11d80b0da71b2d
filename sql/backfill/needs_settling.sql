create or replace function backlog_internal.needs_settling(p_backfill backlog_internal.backfill)
  returns boolean
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select p_backfill.plan_snapshot is not null
    and p_backfill.consistency = 'chunk'
    and p_backfill.write_mode = 'upsert'
    and cardinality(p_backfill.key_columns) > 0
    and exists (
      select from pg_class as c
      where c.oid = p_backfill.source_table and c.relkind in ('r', 'p')
    )
$$;

comment on function backlog_internal.needs_settling(backlog_internal.backfill) is
  $$Tell whether rows may have been committed late, below the end that a backfill froze.$$;
