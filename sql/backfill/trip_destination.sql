create or replace function backlog_internal.trip_destination(p_backfill backlog_internal.backfill, p_error text)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- In the order of lanes, so that two workers who find the same server gone do not lock each other out.
  perform backlog_internal.trip_lane(o.lane_id, null, p_error, backlog_internal.clock())
  from (
    select l.lane_id
    from backlog_internal.backfill as b
    join backlog_internal.retry_lane as l
      on l.event_type = backlog_internal.backfill_event_type(b) and l.channel_name = b.backfill_id::text
    where b.backfill_id = p_backfill.backfill_id
      or b.state in ('PENDING', 'EXECUTING')
      and b.kind = p_backfill.kind
      and b.destination ->> 'connection' = p_backfill.destination ->> 'connection'
    order by l.lane_id
  ) as o;
end;
$$;

comment on function backlog_internal.trip_destination(backlog_internal.backfill, text) is
  $$Open the circuit breakers of a backfill and of the others that use the same connection.$$;
