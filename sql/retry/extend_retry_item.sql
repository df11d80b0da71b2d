create or replace function backlog.extend_retry_item(
  p_id bigint,
  p_worker_id text,
  p_lock_token bigint = null,
  p_lock_timeout int = 300
)
  returns timestamptz
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_token bigint := backlog_internal.find_token(p_id, p_worker_id, p_lock_token);
begin
  perform 1
  from backlog_internal.retry_lease as s
  where s.token = v_token
    and s.ids @> array[p_id];
  if not found then
    perform backlog_internal.raise_not_leased(p_id, p_lock_token);
  end if;
  return backlog.extend_lease(v_token, p_worker_id, p_lock_timeout);
end;
$$;

comment on function backlog.extend_retry_item(bigint, text, bigint, int) is
  $$Extend the lease that an item is under to p_lock_timeout seconds from now.

The lease belongs to the whole batch, so its other items are extended too. Returns the new end of the
lease.

Raises PB001 when the item is not under the worker's lease any more, PB002 when it does not exist, PB003
when an argument is out of range.$$;
