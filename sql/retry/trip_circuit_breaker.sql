create or replace function backlog.trip_circuit_breaker(
  p_event_type text,
  p_channel_name text = null,
  p_seconds int = null,
  p_reason text = 'tripped by hand'
)
  returns int
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_lanes int;
begin
  if p_seconds <= 0 then
    raise exception using
      errcode = 'PB003',
      message = format('seconds must be positive, not %s', p_seconds),
      hint = 'Leave it null for the cooldown of the policy.';
  end if;

  select count(backlog_internal.trip_lane(l.lane_id, p_seconds, p_reason, backlog_internal.clock()))
  into v_lanes
  from (
    select k.lane_id
    from backlog_internal.retry_lane as k
    where k.event_type = p_event_type
      and (p_channel_name is null or k.channel_name = p_channel_name)
    order by k.lane_id
  ) as l;

  if v_lanes = 0 then
    raise exception using
      errcode = 'PB005',
      message = format('event type %s has never had an item here', coalesce(p_event_type, 'null')),
      hint = 'See backlog.retry_queue_stats for the event types and channels in use.';
  end if;
  return v_lanes;
end;
$$;

comment on function backlog.trip_circuit_breaker(text, text, int, text) is
  $$Open the circuit breaker of an event type, or of one channel of it, by hand; return how many lanes.

Nothing is claimed there for p_seconds (default: the cooldown of the policy), then probes are let
through. Attempts are not counted meanwhile.

Raises PB003 when p_seconds is not positive, PB005 when the event type or channel is unknown.$$;
