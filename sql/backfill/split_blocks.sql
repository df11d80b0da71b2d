create or replace function backlog_internal.split_blocks(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk
)
  returns boolean
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_first  bigint := coalesce(p_chunk.lower_key[1]::bigint, 0);
  v_after  bigint := coalesce(
    p_chunk.upper_key[1]::bigint,
    pg_relation_size(p_backfill.source_table) / current_setting('block_size')::int
  );
  v_middle bigint := (v_first + v_after) / 2;
begin
  if v_middle <= v_first then
    return false;
  end if;
  perform backlog_internal.store_parts(
    backlog_internal.chunk_parts(p_chunk, array[v_middle::text], p_chunk.rows_estimated / 2)
  );
  return true;
end;
$$;

comment on function backlog_internal.split_blocks(
  backlog_internal.backfill, backlog_internal.backfill_chunk
) is
  $$Cut a range of blocks into two; false when it is a single one.$$;
