create or replace function backlog_internal.claim_batch(
  p_claim backlog_internal.claim,
  p_due backlog_internal.due_lane[],
  p_batch_size int,
  p_event_types text[],
  p_now timestamptz
)
  returns backlog_internal.claim
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  p_claim := backlog_internal.claim_shares(p_claim, p_due, p_batch_size, p_now);

  -- A claim that comes back short has time to look for what claims do not see.
  if p_claim.items < p_batch_size then
    if backlog_internal.rescue_leases(100, p_now) > 0
      or backlog_internal.settle_marks(p_event_types, p_now)
      or (random() < 0.01 and backlog_internal.sweep_marks() > 0)
    then
      -- What was rescued is due since a moment ago, which is later than when this claim began.
      p_now := backlog_internal.clock();
      p_claim := backlog_internal.claim_shares(
        p_claim, backlog_internal.find_due(p_event_types, p_now, greatest(p_batch_size, 10)),
        p_batch_size, p_now
      );
    end if;
  elsif random() < 0.05 then
    -- Busy workers must not leave crashed ones waiting either.
    perform backlog_internal.rescue_leases(100, p_now);
  end if;
  return p_claim;
end;
$$;

comment on function backlog_internal.claim_batch(
  backlog_internal.claim, backlog_internal.due_lane[], int, text[], timestamptz
) is
  $$Claim a batch from the lanes given, and if that falls short, from what was rescued or committed late.$$;
