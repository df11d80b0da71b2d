create or replace function backlog_internal.where_sql(p_backfill backlog_internal.backfill)
  returns text
  language sql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
  select coalesce(nullif(concat_ws(
    ' and ',
    backlog_internal.compile_filters(p_backfill.source_table, p_backfill.filters),
    '(' || p_backfill.predicate || ')',
    backlog_internal.cursor_sql(p_backfill)
  ), ''), 'true')
$$;
comment on function backlog_internal.where_sql(backlog_internal.backfill) is
  $$Write the condition under which a row s of the source is copied: filters, predicate and cursor.$$;
