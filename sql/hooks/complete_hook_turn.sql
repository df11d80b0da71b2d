create or replace function backlog.complete_hook_turn(
  p_id bigint,
  p_worker_id text,
  p_lock_token bigint = null
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform backlog.complete_retry_item(p_id, p_worker_id, p_lock_token);
  perform backlog_internal.end_hook_turns(array[p_id]);
end;
$$;

comment on function backlog.complete_hook_turn(bigint, text, bigint) is
  $$Complete a delivery of a hook that orders, and make the next one with the same key due.

Use it instead of complete_retry_item when the delivery says that it is ordered; any other delivery is
just completed.

Raises PB001 when the lease was lost, PB002 when the item does not exist.$$;
