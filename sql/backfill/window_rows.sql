create or replace function backlog_internal.window_rows(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk,
  p_end text[],
  p_rows int
)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if backlog_internal.dense_end(p_backfill, p_chunk, p_rows) = p_end then
    return p_end[1]::numeric - p_chunk.lower_key[1]::numeric;
  elsif p_chunk.kind = 'settle' or p_backfill.where_sql = 'true' then
    return p_rows;
  end if;
  return backlog_internal.count_rows(p_backfill, backlog_internal.range_sql(
    p_backfill.key_sql, p_backfill.key_types, p_chunk.lower_key, p_end, p_backfill.key_is_nullable
  ));
end;
$$;

comment on function backlog_internal.window_rows(
  backlog_internal.backfill, backlog_internal.backfill_chunk, text[], int
) is
  $$Return how many rows the part of a chunk up to a key holds: counted by key if not known from cutting it.$$;
