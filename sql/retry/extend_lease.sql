create or replace function backlog.extend_lease(
  p_lock_token bigint,
  p_worker_id text,
  p_lock_timeout int = 300
)
  returns timestamptz
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_until timestamptz := backlog_internal.clock() + make_interval(secs => p_lock_timeout);
begin
  perform backlog_internal.check_claim(p_worker_id, 1, p_lock_timeout, null);

  -- Never shortens a lease: a late heartbeat must not take back what a longer one gave.
  with extended as (
    update backlog_internal.retry_lease as s
    set leased_until = greatest(s.leased_until, v_until)
    where s.token = p_lock_token
      and s.worker_id = p_worker_id
    returning s.leased_until
  )
  select min(e.leased_until) into v_until from extended as e;

  if v_until is null then
    raise exception using
      errcode = 'PB001',
      message = format('nothing is under lock token %s any more', coalesce(p_lock_token::text, 'null')),
      hint = 'The lease ran out or all its items are done. Drop the results of this batch.';
  end if;
  return v_until;
end;
$$;

comment on function backlog.extend_lease(bigint, text, int) is
  $$Extend the lease of a whole batch to p_lock_timeout seconds from now: the heartbeat of a worker.

Returns the new end of the lease. Call it about every third of the lock timeout while items are worked
on.

Raises PB001 when nothing is under the token any more, PB003 when an argument is out of range.$$;
