create or replace function backlog_internal.holds_cursor(p_backfill backlog_internal.backfill)
  returns boolean
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select coalesce((backlog_internal.find_cursor_run(p_backfill)).backfill_id = p_backfill.backfill_id, false)
    and exists (select from pg_class as c where c.oid = p_backfill.source_table)
$$;

comment on function backlog_internal.holds_cursor(backlog_internal.backfill) is
  $$Tell whether the next run of an incremental series goes on where this one came to.$$;
