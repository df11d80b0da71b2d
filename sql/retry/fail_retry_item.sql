create or replace function backlog.fail_retry_item(
  p_id bigint,
  p_worker_id text,
  p_error text,
  p_error_code text = null,
  p_lock_token bigint = null,
  p_retry_after int = null
)
  returns timestamptz
  language sql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
begin atomic
  select f.run_at
  from backlog.fail_retry_items(
    array[p_id],
    array[backlog_internal.find_token(p_id, p_worker_id, p_lock_token)],
    array[p_error],
    array[p_error_code],
    array[p_retry_after]
  ) as f;
end;

comment on function backlog.fail_retry_item(bigint, text, text, text, bigint, int) is
  $$Report that a retry item failed.

Returns when it runs again; null means that it became a dead letter. See fail_retry_items for the error
code and p_retry_after. Without p_lock_token the worker's own lease is looked up by p_worker_id.

Raises PB001 when the lease was lost, PB002 when the item does not exist, PB003 when p_retry_after is
negative.$$;
