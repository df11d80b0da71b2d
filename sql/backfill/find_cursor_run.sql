create or replace function backlog_internal.find_cursor_run(p_backfill backlog_internal.backfill)
  returns backlog_internal.backfill
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select b.*
  from backlog_internal.backfill as b
  where b.series = p_backfill.series
    and b.incremental_column = p_backfill.incremental_column
    and b.state = 'COMPLETED'
    and b.cursor_to is not null
    and b.filters = p_backfill.filters
    and b.predicate is not distinct from p_backfill.predicate
  order by b.backfill_id desc
  limit 1
$$;

comment on function backlog_internal.find_cursor_run(backlog_internal.backfill) is
  $$Find the last run of an incremental series that came to its end: it says how far the destination has got.$$;
