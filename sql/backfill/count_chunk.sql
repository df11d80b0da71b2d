create or replace function backlog_internal.count_chunk(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk
)
  returns backlog_internal.backfill_chunk
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_chunk backlog_internal.backfill_chunk := p_chunk;
begin
  execute format(
    'select count(*), %s from %s as s where %s',
    case p_backfill.where_sql
      when 'true' then 'count(*)' else format('count(*) filter (where %s)', p_backfill.where_sql) end,
    p_backfill.source_table, backlog_internal.chunk_sql(p_backfill, p_chunk)
  )
  into v_chunk.rows_scanned, v_chunk.rows_matched;
  return v_chunk;
end;
$$;

comment on function backlog_internal.count_chunk(
  backlog_internal.backfill, backlog_internal.backfill_chunk
) is
  $$Count the rows of a chunk and those of them that match the filters.$$;
