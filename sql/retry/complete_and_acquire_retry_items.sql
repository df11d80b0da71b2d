create or replace function backlog.complete_and_acquire_retry_items(
  p_lock_token bigint,
  p_worker_id text,
  p_batch_size int = 10,
  p_lock_timeout int = 300,
  p_event_types text[] = null
)
  returns table (
    id bigint, event_id uuid, event_type text, channel_name text, plugin_name text,
    event_data jsonb, event_metadata jsonb, retry_count int, max_retries int, priority int,
    correlation_id text, tags text[], lock_token bigint, leased_until timestamptz,
    created_at timestamptz
  )
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  if p_lock_token is not null
    and backlog_internal.finish_lease(p_lock_token, null, backlog_internal.clock()) <> '{}'
  then
    raise exception using
      errcode = 'PB001',
      message = format('nothing is under lock token %s any more', p_lock_token),
      hint = 'The lease ran out; drop the results of this batch and call with a null lock token.';
  end if;

  return query
  select *
  from backlog.acquire_retry_items(p_worker_id, p_batch_size, p_lock_timeout, p_event_types);
end;
$$;

comment on function backlog.complete_and_acquire_retry_items(bigint, text, int, int, text[]) is
  $$Complete all items still under p_lock_token and acquire the next batch, in one round trip.

Returns what acquire_retry_items returns. Report failed items of the batch first, with
fail_retry_items; whatever is left under the token is completed. With a null p_lock_token it only
acquires.

Raises PB001 when the lease was lost, PB003 when an argument is out of range; then nothing is done.$$;
