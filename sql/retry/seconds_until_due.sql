create or replace function backlog_internal.seconds_until_due(
  p_event_types text[],
  p_at_most int,
  p_now timestamptz
)
  returns double precision
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set jit = off
  set plan_cache_mode = force_generic_plan
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
as $$
declare
  v_seconds double precision;
begin
  select min(greatest(
    extract(epoch from greatest(next.run_at, l.blocked_until) - p_now),
    -- What waits at a gate is due all the time: look again soon, but do not spin.
    case when l.gate_id is null then 0 else 0.2 end
  ))
  into v_seconds
  from backlog_internal.retry_lane as l
  join backlog_internal.retry_mark as m on m.lane_id = l.lane_id
  cross join lateral (
    select r.run_at
    from backlog_internal.retry_ready as r
    where r.lane_id = m.lane_id
      and r.priority = m.priority
      and (r.run_at, r.id) >= (m.low_at, m.low_id)
      and r.run_at <= p_now + make_interval(secs => p_at_most)
    order by r.run_at, r.id
    limit 1
  ) as next
  where l.blocked_until <= p_now + make_interval(secs => p_at_most)
    and (p_event_types is null or l.event_type = any (p_event_types));

  return least(p_at_most, coalesce(v_seconds, p_at_most));
end;
$$;

comment on function backlog_internal.seconds_until_due(text[], int, timestamptz) is
  $$Return in how many seconds the next item may be claimed, p_at_most when none comes sooner.$$;
