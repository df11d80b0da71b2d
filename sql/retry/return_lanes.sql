create or replace function backlog_internal.return_lanes(p_gate_id int)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  with usual as (
    select
      l.lane_id, e.policy,
      backlog_internal.gate_for_lane(l.event_type, l.channel_name, e.policy) as gate_id
    from backlog_internal.retry_lane as l
    cross join lateral (select backlog_internal.effective_policy(l.event_type) as policy) as e
    where l.gate_id = p_gate_id
  )
  update backlog_internal.retry_lane as l
  set
    gate_id = u.gate_id,
    blocked_until = backlog_internal.lane_blocked_until(u.policy, u.gate_id)
  from usual as u
  where l.lane_id = u.lane_id
    and l.gate_id is distinct from u.gate_id;
end;
$$;

comment on function backlog_internal.return_lanes(int) is
  $$Put the lanes of a gate that is closed again behind the gate that their policy gives them, or none.

A breaker may have been opened for one lane alone, which passes that gate meanwhile; see trip_lane.$$;
