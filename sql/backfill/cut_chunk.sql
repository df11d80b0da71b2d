create or replace function backlog_internal.cut_chunk(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk,
  p_end text[],
  p_rows bigint,
  p_return_rest boolean = false
)
  returns backlog_internal.backfill_chunk
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_rest  backlog_internal.backfill_chunk;
  v_first backlog_internal.backfill_chunk;
begin
  insert into backlog_internal.backfill_chunk
    (backfill_id, kind, lower_key, upper_key, rows_estimated, created_at)
  values (
    p_chunk.backfill_id, p_chunk.kind, p_end, p_chunk.upper_key,
    greatest(p_chunk.rows_estimated - p_rows, 1), backlog_internal.clock()
  )
  returning * into v_rest;
  select e.id into v_rest.item_id
  from backlog.enqueue_retry_item(
    backlog_internal.backfill_event_type(p_backfill),
    jsonb_build_object('backfill_id', p_chunk.backfill_id, 'chunk_id', v_rest.chunk_id),
    p_channel_name => p_chunk.backfill_id::text,
    p_priority => p_backfill.priority,
    p_correlation_id => 'backfill:' || p_chunk.backfill_id
  ) as e;
  update backlog_internal.backfill_chunk as c
  set item_id = v_rest.item_id
  where c.chunk_id = v_rest.chunk_id;

  update backlog_internal.backfill_chunk as c
  set
    upper_key = p_end,
    rows_estimated = least(p_rows, c.rows_estimated),
    sized = true
  where c.chunk_id = p_chunk.chunk_id
  returning c.* into v_first;
  return case when p_return_rest then v_rest else v_first end;
end;
$$;

comment on function backlog_internal.cut_chunk(
  backlog_internal.backfill, backlog_internal.backfill_chunk, text[], bigint, boolean
) is
  $$End a chunk at a key and make a chunk of the rest, with a retry item of its own.

The first part has its final size. Returns it, or with p_return_rest the rest, to be cut again.$$;
