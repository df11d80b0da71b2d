create or replace function backlog_internal.cut_chunk(
  p_chunk backlog_internal.backfill_chunk,
  p_end text[],
  p_rows bigint
)
  returns backlog_internal.backfill_chunk
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_rest backlog_internal.backfill_chunk;
begin
  insert into backlog_internal.backfill_chunk
    (backfill_id, kind, lower_key, upper_key, rows_estimated, created_at)
  values (
    p_chunk.backfill_id, p_chunk.kind, p_end, p_chunk.upper_key,
    greatest(p_chunk.rows_estimated - p_rows, 1), backlog_internal.clock()
  )
  returning * into v_rest;

  update backlog_internal.backfill_chunk as c
  set
    upper_key = p_end,
    rows_estimated = least(p_rows, c.rows_estimated),
    sized = true
  where c.chunk_id = p_chunk.chunk_id;
  return v_rest;
end;
$$;

comment on function backlog_internal.cut_chunk(
  backlog_internal.backfill_chunk, text[], bigint
) is
  $$End a chunk at a key, with which it has its final size; return the chunk that the rest becomes.

The rest has no retry item yet.$$;
