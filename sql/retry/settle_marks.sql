create or replace function backlog_internal.settle_marks(p_event_types text[], p_now timestamptz)
  returns boolean
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
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
      and m.settle_xid <= pg_snapshot_xmin(pg_current_snapshot())
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

    update backlog_internal.retry_mark as m
    set
      low_at = case when v_late then m.safe_at else m.low_at end,
      low_id = case when v_late then m.safe_id else m.low_id end,
      safe_at = case when v_late then m.safe_at else m.edge_at end,
      safe_id = case when v_late then m.safe_id else m.edge_id end,
      edge_at = case when v_late then m.safe_at else m.low_at end,
      edge_id = case when v_late then m.safe_id else m.low_id end,
      settle_xid = case
        when v_late or (m.edge_at, m.edge_id) < (m.low_at, m.low_id) then
          pg_snapshot_xmax(pg_current_snapshot())
      end
    where m.lane_id = v_mark.lane_id
      and m.priority = v_mark.priority;
  end loop;

  return v_found;
end;
$$;

comment on function backlog_internal.settle_marks(text[], timestamptz) is
  $$Look once more for items that committed late, where all transactions that could bring any have ended.

Returns whether it found some; the marks then point at them. Called when a claim comes back short.$$;
