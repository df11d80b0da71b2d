create or replace function backlog_internal.enqueue_chunks(p_backfill_id bigint, p_chunk_ids bigint[] = null)
  returns int
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill := backlog_internal.find_backfill(p_backfill_id);
  v_chunks   bigint[];
  v_items    bigint[];
begin
  v_chunks := array(
    select c.chunk_id
    from backlog_internal.backfill_chunk as c
    where c.backfill_id = p_backfill_id
      and c.state = 'PENDING'
      and (p_chunk_ids is null or c.chunk_id = any (p_chunk_ids))
      and (c.item_id is null or not exists (
        select from backlog_internal.retry_item as i where i.id = c.item_id
      ))
    order by c.chunk_id
  );
  if cardinality(v_chunks) = 0 then
    return 0;
  end if;

  v_items := array(
    select e.id
    from backlog.enqueue_retry_items((
      select jsonb_agg(jsonb_build_object(
        'event_type', backlog_internal.backfill_event_type(v_backfill),
        'channel_name', p_backfill_id::text,
        'priority', v_backfill.priority,
        'correlation_id', 'backfill:' || p_backfill_id,
        'event_data', jsonb_build_object('backfill_id', p_backfill_id, 'chunk_id', c.id)
      ) order by c.place)
      from unnest(v_chunks) with ordinality as c (id, place)
    )) as e
    order by e.item_position
  );
  -- From arrays, so that the planner expects few and reads the chunks by their key.
  update backlog_internal.backfill_chunk as c
  set item_id = m.item_id
  from unnest(v_chunks, v_items) as m (chunk_id, item_id)
  where c.chunk_id = m.chunk_id;
  return cardinality(v_chunks);
end;
$$;

comment on function backlog_internal.enqueue_chunks(bigint, bigint[]) is
  $$Give each open chunk of a backfill, or of those named, that has none a retry item; return how many got one.$$;
