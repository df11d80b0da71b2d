create or replace function backlog_internal.claim_lane(
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
  v_mark    backlog_internal.retry_mark;
  v_moves   boolean := random() * 1000 < p_limit;
  v_settled boolean := false;
  v_sweeps  boolean;
  v_token   bigint;
  v_ids     bigint[];
begin
  if v_moves then
    -- About once per 1,000 items; whoever finds the mark locked leaves it to the other claimer.
    select m.*
    into v_mark
    from backlog_internal.retry_mark as m
    where m.lane_id = p_due.lane_id
      and m.priority = p_due.priority
    for update skip locked;

    v_moves := found;
    v_settled := found and (
      v_mark.settle_xid is null
      or pg_snapshot_xmin(pg_current_snapshot()) >= v_mark.settle_xid
    );
  end if;
  -- While an old transaction keeps the mark from settling, look below it every ten seconds.
  v_sweeps := v_moves and not v_settled and v_mark.swept_at < p_now - interval '10 seconds';
  if v_settled or v_sweeps then
    p_due.low_at := v_mark.safe_at;
    p_due.low_id := v_mark.safe_id;
  end if;

  -- ctid is safe here: rows of retry_ready are never updated, and these are locked.
  with gone as (
    delete from backlog_internal.retry_ready as r
    where r.ctid = any (array(
      select c.ctid
      from backlog_internal.retry_ready as c
      where c.lane_id = p_due.lane_id
        and c.priority = p_due.priority
        and (c.run_at, c.id) >= (p_due.low_at, p_due.low_id)
        and c.run_at <= p_now
      order by c.run_at, c.id
      limit p_limit
      for update skip locked
    ))
    returning r.run_at, r.id
  ), batch as (
    select array_agg(g.id order by g.run_at, g.id) as ids from gone as g
  )
  insert into backlog_internal.retry_lease as s
    (token, lane_id, part, gate_id, worker_id, claimed_at, leased_until, ids)
  select
    coalesce(p_claim.token, nextval('backlog_internal.retry_lock_token')), p_due.lane_id,
    p_claim.items, p_due.gate_id, p_claim.worker_id, p_now, p_claim.leased_until, b.ids
  from batch as b
  where b.ids is not null
  returning s.token, s.ids into v_token, v_ids;

  if v_ids is null then
    return p_claim;
  end if;
  p_claim.token := v_token;
  p_claim.items := p_claim.items + cardinality(v_ids);

  if v_moves then
    v_mark.swept_at := case when v_sweeps then p_now else v_mark.swept_at end;
    perform backlog_internal.move_mark(v_mark, v_settled, v_ids[1], p_now);
  end if;
  return p_claim;
end;
$$;

comment on function backlog_internal.claim_lane(
  backlog_internal.claim, backlog_internal.due_lane, int, timestamptz
) is
  $$Move up to p_limit due items of one lane and priority from the ready rows to a lease of the claim.

Reads from the low-water mark upwards, so that the cost does not grow with dead rows that a long
transaction keeps from being vacuumed. About once per 1,000 items it moves the mark.$$;
