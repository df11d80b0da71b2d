create or replace function backlog_internal.claim_batch(
  p_worker_id text,
  p_batch_size int,
  p_leased_until timestamptz,
  p_event_types text[],
  p_now timestamptz,
  out token bigint,
  out items int
)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_last_lane int;
begin
  select max(l.lane_id) into v_last_lane from backlog_internal.retry_lane as l;
  if v_last_lane is null then
    items := 0;
    return;
  end if;

  select c.token, c.items
  into token, items
  from backlog_internal.claim_due(
    null, p_worker_id, p_batch_size, p_leased_until, p_event_types, p_now, v_last_lane
  ) as c;

  -- A claim that comes back short has time to look for what claims do not see.
  if items < p_batch_size then
    if backlog_internal.rescue_leases(100, p_now) > 0
      or backlog_internal.settle_marks(p_event_types, p_now)
      or (random() < 0.01 and backlog_internal.sweep_marks() > 0)
    then
      select c.token, items + c.items
      into token, items
      from backlog_internal.claim_due(
        token, p_worker_id, p_batch_size - items, p_leased_until, p_event_types, p_now, v_last_lane
      ) as c;
    end if;
  elsif random() < 0.05 then
    -- Busy workers must not leave crashed ones waiting either.
    perform backlog_internal.rescue_leases(100, p_now);
  end if;
end;
$$;

comment on function backlog_internal.claim_batch(text, int, timestamptz, text[], timestamptz) is
  $$Claim a batch and put it under a lease; return the lock token, null when nothing is due, and the count.$$;
