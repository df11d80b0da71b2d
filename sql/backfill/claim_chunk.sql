create or replace function backlog_internal.claim_chunk(
  p_backfill backlog_internal.backfill,
  p_worker_id text,
  p_lock_timeout int
)
  returns backlog_internal.backfill_chunk
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set jit = off
  set plan_cache_mode = force_generic_plan
  set enable_seqscan = off
  set enable_bitmapscan = off
as $$
declare
  v_now   timestamptz := backlog_internal.clock();
  v_lane  int;
  v_claim backlog_internal.claim;
  v_chunk backlog_internal.backfill_chunk;
  v_item  bigint;
begin
  select l.lane_id into v_lane
  from backlog_internal.retry_lane as l
  where l.event_type = backlog_internal.backfill_event_type(p_backfill)
    and l.channel_name = p_backfill.backfill_id::text;
  if v_lane is null then
    return null;
  end if;

  v_claim := row(null, 0, p_worker_id, v_now + make_interval(secs => p_lock_timeout));
  v_claim := backlog_internal.claim_shares(
    v_claim, backlog_internal.due_lanes(v_lane, v_lane, null, v_now, 10), 1, v_now
  );
  if v_claim.items = 0 and (
    backlog_internal.rescue_leases(100, v_now) > 0
    or backlog_internal.settle_marks(array[backlog_internal.backfill_event_type(p_backfill)], v_now)
  ) then
    v_now := backlog_internal.clock();
    v_claim := backlog_internal.claim_shares(
      v_claim, backlog_internal.due_lanes(v_lane, v_lane, null, v_now, 10), 1, v_now
    );
  end if;
  if v_claim.items = 0 then
    return null;
  end if;

  select s.ids[1] into v_item
  from backlog_internal.retry_lease as s
  where s.token = v_claim.token;
  update backlog_internal.backfill_chunk as c
  set
    lock_token = v_claim.token,
    worker_id = p_worker_id,
    attempts = c.attempts + 1,
    started_at = v_now
  where c.item_id = v_item
    and c.state = 'PENDING'
  returning c.* into v_chunk;
  if not found then
    -- Its backfill or its range is gone.
    perform backlog.complete_retry_items(array[v_item], array[v_claim.token]);
    return backlog_internal.claim_chunk(p_backfill, p_worker_id, p_lock_timeout);
  end if;
  return v_chunk;
end;
$$;

comment on function backlog_internal.claim_chunk(backlog_internal.backfill, text, int) is
  $$Claim one due chunk of a backfill for a worker; null when none is due.

As acquire_retry_items, but within the lane of this backfill.$$;
