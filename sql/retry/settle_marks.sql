create or replace function backlog_internal.settle_marks(p_event_types text[], p_now timestamptz)
  returns boolean
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set jit = off
  set enable_seqscan = off
as $$
declare
  v_mark  backlog_internal.retry_mark;
  v_late  boolean;
  v_found boolean := false;
begin
  for v_mark in
    select m.*
    from backlog_internal.retry_mark as m
    join backlog_internal.retry_lane as l on l.lane_id = m.lane_id
    where m.settle_xid is not null
      and (
        m.settle_xid <= pg_snapshot_xmin(pg_current_snapshot())
        or m.swept_at < p_now - interval '10 seconds'
      )
      and (p_event_types is null or l.event_type = any (p_event_types))
    order by m.lane_id, m.priority
    limit 100
    for update of m skip locked
  loop
    select exists (
      select 1
      from backlog_internal.retry_ready as r
      where r.lane_id = v_mark.lane_id
        and r.priority = v_mark.priority
        and (r.run_at, r.id) >= (v_mark.safe_at, v_mark.safe_id)
        and (r.run_at, r.id) < (v_mark.low_at, v_mark.low_id)
        and r.run_at <= p_now
    )
    into v_late;
    v_found := v_found or v_late;

    if v_late then
      update backlog_internal.retry_mark as m
      set low_at = m.safe_at, low_id = m.safe_id, swept_at = p_now
      where m.lane_id = v_mark.lane_id
        and m.priority = v_mark.priority;
    elsif v_mark.settle_xid > pg_snapshot_xmin(pg_current_snapshot()) then
      update backlog_internal.retry_mark as m
      set swept_at = p_now
      where m.lane_id = v_mark.lane_id
        and m.priority = v_mark.priority;
    else
      -- Nothing came: below the edge nothing can any more; up to the mark wait once again.
      update backlog_internal.retry_mark as m
      set
        safe_at = m.edge_at,
        safe_id = m.edge_id,
        edge_at = m.low_at,
        edge_id = m.low_id,
        settle_xid = case
          when (m.edge_at, m.edge_id) < (m.low_at, m.low_id) then pg_snapshot_xmax(pg_current_snapshot())
        end
      where m.lane_id = v_mark.lane_id
        and m.priority = v_mark.priority;
    end if;
  end loop;

  return v_found;
end;
$$;

comment on function backlog_internal.settle_marks(text[], timestamptz) is
  $$Look once more for items that committed late, where all transactions that could bring any have
ended, and every ten seconds where one still runs.

Returns whether it found some; the marks then point at them. Called when a claim comes back short.$$;
