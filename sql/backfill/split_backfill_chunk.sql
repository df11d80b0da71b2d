create or replace function backlog.split_backfill_chunk(p_item_id bigint, p_lock_token bigint)
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_chunk    backlog_internal.backfill_chunk;
  v_backfill backlog_internal.backfill;
begin
  perform backlog_internal.check_lease(p_item_id, p_lock_token);
  v_chunk := backlog_internal.find_leased_chunk(p_item_id);
  if v_chunk.chunk_id is null then
    return false;
  end if;
  v_backfill := backlog_internal.find_backfill(v_chunk.backfill_id);
  if not backlog_internal.split_chunk(v_backfill, v_chunk) then
    return false;
  end if;
  perform backlog.release_retry_items(array[p_item_id], array[p_lock_token]);
  return true;
end;
$$;

comment on function backlog.split_backfill_chunk(bigint, bigint) is
  $$Halve a chunk that takes too long or has a row at fault, and give both halves back to the queue.

Nothing of it may be in the destination. Returns false when it cannot be halved; then it is still the
worker's.

Raises PB001 when the lease was lost, PB002 when there is no such item.$$;
