create or replace function backlog_internal.chunk_where(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk
)
  returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select format(
    '%s and %s and (%s)', backlog_internal.same_table_sql(p_backfill.source_table),
    backlog_internal.chunk_sql(p_backfill, p_chunk), p_backfill.where_sql
  )
$$;

comment on function backlog_internal.chunk_where(
  backlog_internal.backfill, backlog_internal.backfill_chunk
) is
  $$Write the condition by which a writer reads the rows s of a chunk: an error in another table than its own.$$;
