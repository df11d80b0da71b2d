create or replace function backlog_internal.add_repair_chunk(p_backfill_id bigint, p_difference_ids bigint[])
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_chunk bigint;
begin
  insert into backlog_internal.backfill_chunk (backfill_id, kind, sized, rows_estimated, created_at)
  values (p_backfill_id, 'repair', true, cardinality(p_difference_ids), backlog_internal.clock())
  returning chunk_id into v_chunk;
  update backlog_internal.backfill_difference as d
  set repair_chunk_id = v_chunk
  where d.difference_id = any (p_difference_ids);
  return v_chunk;
end;
$$;

comment on function backlog_internal.add_repair_chunk(bigint, bigint[]) is
  $$Add a chunk that copies the keys of some differences again; return it. It has no retry item yet.$$;
