create or replace function backlog_internal.holds_cursor(p_backfill backlog_internal.backfill)
  returns boolean
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select p_backfill.state = 'COMPLETED' and p_backfill.cursor_to is not null and exists (
    select from pg_class as c where c.oid = p_backfill.source_table
  ) and not exists (
    select from backlog_internal.backfill as b
    where b.series = p_backfill.series
      and b.incremental_column = p_backfill.incremental_column
      and b.state = 'COMPLETED'
      and b.cursor_to is not null
      and b.filters = p_backfill.filters
      and b.predicate is not distinct from p_backfill.predicate
      and b.backfill_id > p_backfill.backfill_id
  )
$$;

comment on function backlog_internal.holds_cursor(backlog_internal.backfill) is
  $$Tell whether the next run of an incremental series goes on where this one came to.$$;
