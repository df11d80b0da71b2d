create or replace function backlog.complete_retry_item(
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
  perform backlog.complete_retry_items(
    array[p_id], array[backlog_internal.find_token(p_id, p_worker_id, p_lock_token)]
  );
end;
$$;

comment on function backlog.complete_retry_item(bigint, text, bigint) is
  $$Complete one retry item: its work is done and will not be retried.

Call it in the transaction that writes your data: when the lease was lost, the error rolls both back.
Without p_lock_token the worker's own lease is looked up by p_worker_id; the token is the stronger proof,
since a restarted worker may carry the same name.

Raises PB001 when the lease was lost, PB002 when the item does not exist.$$;
