create or replace function backlog_internal.postpone_chunk(p_item_id bigint, p_lock_token bigint, p_reason text)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform backlog.fail_retry_items(
    array[p_item_id], array[p_lock_token], array[p_reason], array['RetryLater'], array[2]
  );
  return jsonb_build_object('action', 'wait', 'reason', p_reason);
end;
$$;

comment on function backlog_internal.postpone_chunk(bigint, bigint, text) is
  $$Put a chunk back into the queue for a moment, without counting an attempt, and say why.$$;
