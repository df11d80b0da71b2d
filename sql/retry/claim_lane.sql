create or replace function backlog_internal.claim_lane(
  p_lane_id int,
  p_priority int,
  p_limit int,
  p_now timestamptz
)
  returns bigint[]
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
as $$
declare
  v_mark    backlog_internal.retry_mark;
  v_moves   boolean := random() * 1000 < p_limit;
  v_settled boolean := false;
  v_ids     bigint[];
  v_first   timestamptz;
begin
  if v_moves then
    -- About once per 1,000 items; whoever finds the mark locked leaves it to the other claimer.
    select m.*
    into v_mark
    from backlog_internal.retry_mark as m
    where m.lane_id = p_lane_id
      and m.priority = p_priority
    for update skip locked;

    v_moves := found;
    v_settled := found and (
      v_mark.settle_xid is null
      or pg_snapshot_xmin(pg_current_snapshot()) >= v_mark.settle_xid
    );
  end if;

  if not v_moves then
    select m.*
    into v_mark
    from backlog_internal.retry_mark as m
    where m.lane_id = p_lane_id
      and m.priority = p_priority;
  elsif v_settled then
    v_mark.low_at := v_mark.safe_at;
    v_mark.low_id := v_mark.safe_id;
  end if;

  -- ctid is safe here: rows of retry_ready are never updated, and these are locked.
  with gone as (
    delete from backlog_internal.retry_ready as r
    where r.ctid = any (array(
      select c.ctid
      from backlog_internal.retry_ready as c
      where c.lane_id = p_lane_id
        and c.priority = p_priority
        and (c.run_at, c.id) >= (v_mark.low_at, v_mark.low_id)
        and c.run_at <= p_now
      order by c.run_at, c.id
      limit p_limit
      for update skip locked
    ))
    returning r.run_at, r.id
  )
  select array_agg(g.id order by g.run_at, g.id), min(g.run_at)
  into v_ids, v_first
  from gone as g;

  if v_moves and v_ids is not null then
    perform backlog_internal.move_mark(v_mark, v_settled, v_first, v_ids[1], p_now);
  end if;

  return v_ids;
end;
$$;

comment on function backlog_internal.claim_lane(int, int, int, timestamptz) is
  $$Take up to p_limit due items of one lane and priority out of the ready rows; return their ids in order.

Reads from the low-water mark upwards, so that the cost does not grow with dead rows that a long
transaction keeps from being vacuumed. About once per 1,000 items it moves the mark.$$;
