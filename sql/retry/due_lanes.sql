create or replace function backlog_internal.due_lanes(
  p_first_lane int,
  p_last_lane int,
  p_event_types text[],
  p_now timestamptz,
  p_limit int
)
  returns backlog_internal.due_lane[]
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  return array(
    select row(l.lane_id, m.priority, l.gate_id, due.run_at, due.id)::backlog_internal.due_lane
    from backlog_internal.retry_lane as l
    join backlog_internal.retry_mark as m on m.lane_id = l.lane_id
    cross join lateral (
      select r.run_at, r.id
      from backlog_internal.retry_ready as r
      where r.lane_id = m.lane_id
        and r.priority = m.priority
        and (r.run_at, r.id) >= (m.low_at, m.low_id)
        and r.run_at <= p_now
      order by r.run_at, r.id
      limit 1
    ) as due
    where l.lane_id between p_first_lane and p_last_lane
      and l.blocked_until <= p_now
      and (p_event_types is null or l.event_type = any (p_event_types))
    order by l.lane_id, m.priority desc
    limit p_limit
  );
end;
$$;

comment on function backlog_internal.due_lanes(int, int, text[], timestamptz, int) is
  $$Return up to p_limit pairs of lane and priority that have a due item, from a range of lane ids.

Each says where its first due item is, so that the claim need not walk there again.

Skips lanes that are paused or whose circuit breaker is open, without looking at their items.$$;
