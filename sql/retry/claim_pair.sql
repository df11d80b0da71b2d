create or replace function backlog_internal.claim_pair(
  p_claim backlog_internal.claim,
  p_due backlog_internal.due_lane,
  p_limit int,
  p_now timestamptz
)
  returns backlog_internal.claim
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_before int := p_claim.items;
begin
  if p_due.gate_id is null then
    return backlog_internal.claim_lane(p_claim, p_due, p_limit, p_now);
  end if;

  p_limit := least(p_limit, backlog_internal.gate_allowance(p_due.gate_id, p_now));
  if p_limit > 0 then
    p_claim := backlog_internal.claim_lane(p_claim, p_due, p_limit, p_now);
    if p_claim.items > v_before then
      perform backlog_internal.gate_spend(p_due.gate_id, p_claim.items - v_before);
    end if;
  end if;
  return p_claim;
end;
$$;

comment on function backlog_internal.claim_pair(
  backlog_internal.claim, backlog_internal.due_lane, int, timestamptz
) is
  $$Claim due items of one lane and priority, as far as the gate in front of it allows.$$;
