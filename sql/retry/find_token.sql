create or replace function backlog_internal.find_token(p_id bigint, p_worker_id text, p_lock_token bigint)
  returns bigint
  language sql
  stable
return coalesce(
  p_lock_token,
  (
    select s.token
    from backlog_internal.retry_lease as s
    where s.worker_id = p_worker_id
      and s.ids @> array[p_id]
    order by s.token desc
    limit 1
  )
);

comment on function backlog_internal.find_token(bigint, text, bigint) is
  $$Return the lock token given, or the one under which the worker holds the item; null when it does not.$$;
