create or replace function backlog_internal.chunk_parts(
  p_chunk backlog_internal.backfill_chunk,
  p_end text[],
  p_rows bigint
)
  returns backlog_internal.backfill_chunk[]
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_part backlog_internal.backfill_chunk := p_chunk;
  v_rest backlog_internal.backfill_chunk := p_chunk;
begin
  v_part.upper_key := p_end;
  v_part.rows_estimated := least(p_rows, p_chunk.rows_estimated);
  v_part.sized := true;
  v_rest.lower_key := p_end;
  v_rest.rows_estimated := greatest(p_chunk.rows_estimated - p_rows, 1);
  v_rest.sized := false;
  return array[v_part, v_rest];
end;
$$;

comment on function backlog_internal.chunk_parts(
  backlog_internal.backfill_chunk, text[], bigint
) is
  $$Return what a chunk becomes that ends at a key, with which it has its final size, and what the rest is.$$;
