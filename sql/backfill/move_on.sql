create or replace function backlog_internal.move_on(p_item_id bigint, p_lock_token bigint, p_backfill_id bigint)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_done jsonb := backlog_internal.advance_backfill(p_backfill_id);
begin
  if v_done ->> 'action' = 'wait' then
    return backlog_internal.postpone_chunk(p_item_id, p_lock_token, v_done ->> 'reason');
  end if;
  perform backlog.complete_retry_items(array[p_item_id], array[p_lock_token]);
  return v_done;
end;
$$;

comment on function backlog_internal.move_on(bigint, bigint, bigint) is
  $$Bring a writer's backfill to its next phase or its end, else look again later.$$;
