create or replace function backlog_internal.trip_lane(
  p_lane_id int,
  p_seconds int,
  p_error text,
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_lane    backlog_internal.retry_lane;
  v_policy  backlog_internal.retry_policy;
  v_gate_id int;
begin
  select l.* into v_lane from backlog_internal.retry_lane as l where l.lane_id = p_lane_id;
  v_policy := backlog_internal.effective_policy(v_lane.event_type);
  -- Backfills of one kind go to many places: what is wrong with one must not stop the others.
  if starts_with(v_lane.event_type, 'backfill.') then
    v_policy.limit_scope := 'channel';
  end if;
  v_gate_id := backlog_internal.gate_for_lane(
    v_lane.event_type, v_lane.channel_name, v_policy, true
  );

  -- A lane without limits had no gate; its claims pass one now.
  update backlog_internal.retry_lane as l
  set gate_id = v_gate_id
  where l.event_type = v_lane.event_type
    and (v_policy.limit_scope = 'event_type' or l.lane_id = p_lane_id)
    and l.gate_id is distinct from v_gate_id;

  perform backlog_internal.open_gate(
    v_gate_id, coalesce(p_seconds, v_policy.breaker_cooldown_seconds), p_error, p_now
  );
end;
$$;

comment on function backlog_internal.trip_lane(int, int, text, timestamptz) is
  $$Open the circuit breaker in front of a lane, making its gate when it has none.

A lane of backfills gets one of its own, whatever its policy says, until the breaker closes.$$;
