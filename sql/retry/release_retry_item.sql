create or replace function backlog.release_retry_item(
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
  perform backlog.release_retry_items(
    array[p_id], array[backlog_internal.find_token(p_id, p_worker_id, p_lock_token)]
  );
end;
$$;

comment on function backlog.release_retry_item(bigint, text, bigint) is
  $$Give one acquired item back at once without counting an attempt.

Raises PB001 when the lease was lost, PB002 when the item does not exist.$$;
