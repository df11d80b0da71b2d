create or replace function backlog_internal.sweep_marks()
  returns int
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_swept int;
begin
  update backlog_internal.retry_mark as m
  set
    low_at = late.run_at,
    low_id = 0,
    safe_at = least(m.safe_at, late.run_at),
    safe_id = 0,
    edge_at = least(m.edge_at, late.run_at),
    edge_id = 0
  from (
    select k.lane_id, k.priority, first.run_at
    from backlog_internal.retry_mark as k
    cross join lateral (
      select r.run_at
      from backlog_internal.retry_ready as r
      where r.lane_id = k.lane_id
        and r.priority = k.priority
        and (r.run_at, r.id) < (k.low_at, k.low_id)
      order by r.run_at, r.id
      limit 1
    ) as first
    order by k.lane_id, k.priority
    for update of k skip locked
  ) as late
  where m.lane_id = late.lane_id
    and m.priority = late.priority;
  get diagnostics v_swept = row_count;
  return v_swept;
end;
$$;

comment on function backlog_internal.sweep_marks() is
  $$Point low-water marks back at items that lie below them, whatever the reason; return how many marks.

The safety net of the marks: it also covers a clock that was set back. Called by tick, and now and then
by a claim that comes back short.$$;
