create or replace function backlog_internal.move_mark(
  p_mark backlog_internal.retry_mark,
  p_settled boolean,
  p_first_id bigint,
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_first_at timestamptz;
begin
  select i.run_at
  into v_first_at
  from backlog_internal.retry_item as i
  where i.id = p_first_id
    and i.lane_id = p_mark.lane_id;

  if not p_settled then
    -- A transaction from before the last move still runs, so nothing new can be called settled. Read
    -- on from here all the same, one second behind, which covers the short transactions; those in
    -- between are found by the sweep every ten seconds.
    update backlog_internal.retry_mark as m
    set
      low_at = least(v_first_at, greatest(m.low_at, p_now - interval '1 second')),
      low_id = 0,
      swept_at = p_mark.swept_at
    where m.lane_id = p_mark.lane_id
      and m.priority = p_mark.priority;
    return;
  end if;

  -- This claim has read again all that was uncertain: below the old edge no row can appear any more.
  -- Between there and here one can, until all transactions that run now have ended: producers that
  -- commit late, and claimers that roll back.
  if (p_mark.edge_at, p_mark.edge_id) > (v_first_at, p_first_id) then
    p_mark.edge_at := v_first_at;
    p_mark.edge_id := p_first_id;
  end if;

  update backlog_internal.retry_mark as m
  set
    safe_at = p_mark.edge_at,
    safe_id = p_mark.edge_id,
    edge_at = v_first_at,
    edge_id = p_first_id,
    low_at = v_first_at,
    low_id = p_first_id,
    settle_xid = pg_snapshot_xmax(pg_current_snapshot())
  where m.lane_id = p_mark.lane_id
    and m.priority = p_mark.priority;
end;
$$;

comment on function backlog_internal.move_mark(
  backlog_internal.retry_mark, boolean, bigint, timestamptz
) is
  $$Move the low-water mark of a lane and priority to the first row that a claim has just taken.

Keeps three positions. Below safe no row can appear. Between safe and edge none can once the
transactions older than settle_xid have ended; then that range is read once more. Claims in between
read from low.$$;
