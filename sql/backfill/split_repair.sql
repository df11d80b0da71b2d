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
  insert into backlog_internal.backfill_chunk (backfill_id, kind, sized, rows_estimated, created_at)
  values (p_backfill.backfill_id, 'repair', true, v_half, backlog_internal.clock())
  returning chunk_id into v_chunk;
  update backlog_internal.backfill_difference as d
  set repair_chunk_id = v_chunk
  where d.difference_id = any (v_ids[:v_half]);
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
