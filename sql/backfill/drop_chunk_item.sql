create or replace function backlog_internal.drop_chunk_item(p_item_id bigint, p_lock_token bigint, p_reason text)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- The chunk stays open; whoever resumes the backfill gives it a new item.
  update backlog_internal.backfill_chunk as c
  set item_id = null
  where c.item_id = p_item_id
    and c.state = 'PENDING';
  perform backlog.complete_retry_items(array[p_item_id], array[p_lock_token]);
  return jsonb_build_object('action', 'drop', 'reason', p_reason);
end;
$$;

comment on function backlog_internal.drop_chunk_item(bigint, bigint, text) is
  $$Take the item of a chunk that shall not be worked on out of the queue, and say why.$$;
