create or replace function backlog_internal.split_repair(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk
)
  returns boolean
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids   bigint[] := array(
    select d.difference_id
    from backlog_internal.backfill_difference as d
    where d.repair_chunk_id = p_chunk.chunk_id
    order by d.difference_id
  );
  v_half  int := cardinality(v_ids) / 2;
  v_chunk bigint;
begin
  if v_half = 0 then
    return false;
  end if;
  v_chunk := backlog_internal.add_repair_chunk(p_backfill.backfill_id, v_ids[:v_half]);
  update backlog_internal.backfill_chunk as c
  set rows_estimated = cardinality(v_ids) - v_half
  where c.chunk_id = p_chunk.chunk_id;
  perform backlog_internal.enqueue_chunks(p_backfill.backfill_id, array[v_chunk]);
  return true;
end;
$$;

comment on function backlog_internal.split_repair(
  backlog_internal.backfill, backlog_internal.backfill_chunk
) is
  $$Halve the keys that a chunk repairs, one half becoming a chunk of its own; false when there is but one.$$;
