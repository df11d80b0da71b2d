create or replace function backlog.begin_backfill_chunk(p_item_id bigint, p_lock_token bigint)
  returns jsonb
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_chunk    backlog_internal.backfill_chunk;
  v_backfill backlog_internal.backfill;
  v_reason   text;
  v_snapshot jsonb;
  v_order    jsonb;
begin
  perform backlog_internal.check_lease(p_item_id, p_lock_token);
  v_chunk := backlog_internal.find_leased_chunk(p_item_id);
  if v_chunk.backfill_id is null then
    return backlog_internal.drop_chunk_item(p_item_id, p_lock_token, 'it is gone');
  end if;
  v_backfill := backlog_internal.find_backfill(v_chunk.backfill_id);

  if v_backfill.state not in ('PENDING', 'EXECUTING') then
    return backlog_internal.drop_chunk_item(p_item_id, p_lock_token, 'the backfill is ' || v_backfill.state);
  elsif v_backfill.paused_at is not null then
    return backlog_internal.drop_chunk_item(
      p_item_id, p_lock_token, 'paused: ' || coalesce(v_backfill.pause_reason, 'no reason given')
    );
  end if;
  perform backlog_internal.hold_tables(v_backfill);
  v_reason := backlog_internal.fingerprint_changes(v_backfill);
  if v_reason is not null then
    perform backlog_internal.end_backfill(v_backfill.backfill_id, 'FAILED', 'changed while it ran: ' || v_reason);
    return backlog_internal.drop_chunk_item(p_item_id, p_lock_token, v_reason);
  end if;
  v_reason := backlog_internal.crowd_reason(v_backfill, p_lock_token);
  if v_reason is not null then
    perform backlog.release_retry_items(array[p_item_id], array[p_lock_token]);
    return jsonb_build_object('action', 'crowded', 'reason', v_reason);
  end if;
  v_reason := backlog_internal.backfill_obstacle(v_backfill);
  if v_reason is null and not backlog_internal.start_backfill(v_backfill) then
    v_reason := 'another backfill of the series has begun';
  end if;
  if v_reason is not null then
    return backlog_internal.postpone_chunk(p_item_id, p_lock_token, v_reason);
  elsif v_chunk.chunk_id is null then
    return backlog_internal.move_on(p_item_id, p_lock_token, v_backfill.backfill_id);
  elsif v_backfill.snapshot_number is not null then
    v_snapshot := backlog_internal.find_snapshot(v_backfill, v_chunk);
    if v_snapshot ->> 'action' = 'hold' then
      return v_snapshot;
    elsif v_snapshot ->> 'action' = 'drop' then
      perform backlog_internal.end_backfill(v_backfill.backfill_id, 'FAILED', v_snapshot ->> 'reason');
      return backlog_internal.drop_chunk_item(p_item_id, p_lock_token, v_snapshot ->> 'reason');
    elsif v_snapshot ->> 'action' = 'wait' then
      return backlog_internal.postpone_chunk(p_item_id, p_lock_token, v_snapshot ->> 'reason');
    end if;
  end if;

  update backlog_internal.backfill_chunk as c
  set
    lock_token = p_lock_token,
    worker_id = (select s.worker_id from backlog_internal.retry_lease as s where s.token = p_lock_token limit 1),
    attempts = c.attempts + 1,
    started_at = backlog_internal.clock()
  where c.chunk_id = v_chunk.chunk_id
  returning c.* into v_chunk;
  v_chunk := backlog_internal.size_chunk(v_backfill, v_chunk, true);
  if v_chunk.chunk_id is null then
    perform backlog.release_retry_items(array[p_item_id], array[p_lock_token]);
    return jsonb_build_object('action', 'planned');
  end if;
  v_order := backlog_internal.chunk_order(v_backfill, v_chunk);
  return v_order
    || jsonb_build_object('settings', v_order -> 'settings' || backlog_internal.reading_limit())
    || case when v_snapshot is null then '{}' else jsonb_build_object('snapshot', v_snapshot) end;
end;
$$;

comment on function backlog.begin_backfill_chunk(bigint, bigint) is
  $$Begin a chunk that a writer's worker has acquired as a retry item, and return what to do.

For workers of writers: acquire items of the event type backfill.<writer>, call this in a transaction of
its own, and read action in the document: run (with the query of the chunk, its columns, the destination
and what identifies run and chunk there), or wait, crowded (it should rest for a moment), drop and planned,
after which the item is not the worker's any more, with the reason. The query must be run under the
settings given, and in the snapshot given, if any, by its name. Hold means that there is none yet: the
worker keeps its item, takes a snapshot with backlog.export_backfill_snapshot, makes it known with
backlog.share_backfill_snapshot, and calls this again. Unreadable is a query for the rows because of which the
chunk's may fail (see backlog.unreadable_rows). After the rows are safe in the destination call
backlog.complete_backfill_chunk, else
backlog.fail_backfill_chunk or backlog.split_backfill_chunk.

Raises PB001 when the lease was lost, PB002 when there is no such item.$$;
