create or replace function backlog_internal.store_parts(p_parts backlog_internal.backfill_chunk[])
  returns int
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_new bigint[];
begin
  update backlog_internal.backfill_chunk as c
  set
    upper_key = p_parts[1].upper_key,
    rows_estimated = p_parts[1].rows_estimated,
    sized = p_parts[1].sized
  where c.chunk_id = p_parts[1].chunk_id;
  if cardinality(p_parts) = 1 then
    return 0;
  end if;

  with part as (
    insert into backlog_internal.backfill_chunk
      (backfill_id, kind, sized, lower_key, upper_key, rows_estimated, created_at)
    select u.backfill_id, u.kind, u.sized, u.lower_key, u.upper_key, u.rows_estimated, backlog_internal.clock()
    from unnest(p_parts[2:]) with ordinality as u
    order by u.ordinality
    returning chunk_id
  )
  select array_agg(p.chunk_id) into v_new from part as p;
  return backlog_internal.enqueue_chunks(p_parts[1].backfill_id, v_new);
end;
$$;

comment on function backlog_internal.store_parts(backlog_internal.backfill_chunk[]) is
  $$Store a chunk in parts: the first keeps its number, the others get numbers and retry items of their own, in
their order. Return how many these are.$$;
