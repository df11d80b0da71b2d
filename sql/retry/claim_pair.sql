create or replace function backlog_internal.claim_pair(
  inout token bigint,
  p_worker_id text,
  p_limit int,
  p_leased_until timestamptz,
  p_now timestamptz,
  p_pair backlog_internal.due_lane,
  out items int
)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids bigint[];
begin
  items := 0;
  if p_pair.gate_id is not null then
    p_limit := least(p_limit, backlog_internal.gate_allowance(p_pair.gate_id, p_now));
    if p_limit < 1 then
      return;
    end if;
  end if;

  v_ids := backlog_internal.claim_lane(p_pair.lane_id, p_pair.priority, p_limit, p_now);
  if v_ids is null then
    return;
  end if;
  items := cardinality(v_ids);

  if p_pair.gate_id is not null then
    perform backlog_internal.gate_spend(p_pair.gate_id, items);
  end if;

  -- One lease row per batch and lane: a second priority of the lane joins it.
  if token is not null then
    update backlog_internal.retry_lease as s
    set ids = s.ids || v_ids
    where s.token = claim_pair.token
      and s.lane_id = p_pair.lane_id;
    if found then
      return;
    end if;
  else
    token := nextval('backlog_internal.retry_lock_token');
  end if;

  insert into backlog_internal.retry_lease
    (token, lane_id, gate_id, worker_id, claimed_at, leased_until, ids)
  values
    (token, p_pair.lane_id, p_pair.gate_id, p_worker_id, p_now, p_leased_until, v_ids);
end;
$$;

comment on function backlog_internal.claim_pair(
  bigint, text, int, timestamptz, timestamptz, backlog_internal.due_lane
) is
  $$Claim due items of one lane and priority as far as its gate allows, and put them under the lease.$$;
