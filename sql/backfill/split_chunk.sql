create or replace function backlog_internal.split_chunk(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk
)
  returns boolean
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_where  text;
  v_rows   bigint;
  v_middle text[];
begin
  if p_chunk.kind = 'blocks' then
    return backlog_internal.split_blocks(p_backfill, p_chunk);
  elsif p_chunk.kind = 'repair' then
    return backlog_internal.split_repair(p_backfill, p_chunk);
  elsif p_chunk.kind not in ('range', 'settle') then
    return false;
  end if;
  -- Halved by keys, which an index can count even where reading the rows takes too long.
  v_where := backlog_internal.range_sql(
    p_backfill.key_sql, p_backfill.key_types, p_chunk.lower_key, p_chunk.upper_key, p_backfill.key_is_nullable
  );
  v_rows := backlog_internal.count_rows(p_backfill, v_where);
  if v_rows < 2 then
    return false;
  end if;
  v_middle := backlog_internal.middle_key(p_backfill, v_where, v_rows / 2);
  if v_middle = p_chunk.upper_key then
    return false;
  end if;
  perform backlog_internal.store_parts(backlog_internal.chunk_parts(p_chunk, v_middle, v_rows / 2));
  return true;
end;
$$;

comment on function backlog_internal.split_chunk(
  backlog_internal.backfill, backlog_internal.backfill_chunk
) is
  $$Halve the range of a chunk, the upper half becoming a chunk of its own; false when it cannot be halved.$$;
