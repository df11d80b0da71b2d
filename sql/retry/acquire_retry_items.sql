create or replace function backlog.acquire_retry_items(
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
  set jit = off
  set plan_cache_mode = force_generic_plan
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_now   timestamptz := backlog_internal.clock();
  v_claim backlog_internal.claim;
  v_alive bigint;
begin
  if backlog_internal.claim_problem(p_worker_id, p_batch_size, p_lock_timeout, p_event_types) is not null then
    perform backlog_internal.check_claim(p_worker_id, p_batch_size, p_lock_timeout, p_event_types);
  end if;

  v_claim := row(null, 0, p_worker_id, v_now + make_interval(secs => p_lock_timeout));
  v_claim := backlog_internal.claim_batch(
    v_claim, backlog_internal.find_due(p_event_types, v_now, greatest(p_batch_size, 10)),
    p_batch_size, p_event_types, v_now
  );
  if v_claim.token is null then
    return;
  end if;

  return query
  select
    i.id, i.event_id, s.event_type, s.channel_name, i.plugin_name, i.event_data, i.event_metadata,
    i.retry_count, coalesce(i.max_retries, s.max_retries), i.priority::int, i.correlation_id, i.tags,
    v_claim.token, v_claim.leased_until, i.created_at
  from (
    select e.lane_id, e.ids, l.event_type, l.channel_name, l.max_retries
    from backlog_internal.retry_lease as e
    join backlog_internal.retry_lane as l on l.lane_id = e.lane_id
    where e.token = v_claim.token
    offset 0
  ) as s
  join backlog_internal.retry_item as i on i.id = any (s.ids) and i.lane_id = s.lane_id
  where i.expires_at is null or i.expires_at > v_now
  order by i.priority desc, i.run_at, i.id;
  get diagnostics v_alive = row_count;

  if v_alive < v_claim.items then
    perform backlog_internal.bury_expired(v_claim.token, v_now);
  end if;
end;
$$;

comment on function backlog.acquire_retry_items(text, int, int, text[]) is
  $$Acquire up to p_batch_size due items for a worker, under a lease of p_lock_timeout seconds.

Returns the items, higher priority and longer waiting first; the batch is shared fairly among lanes
(event type and channel). All rows carry the same lock_token: pass it when you complete, fail or extend,
so that a worker whose lease ran out cannot disturb the next one. An expired lease returns its items as
failed attempts. p_event_types restricts the claim; null means all. Paused event types, open circuit
breakers, rate limits and concurrency limits are respected, for all workers together.

Raises PB003 when an argument is out of range.$$;
