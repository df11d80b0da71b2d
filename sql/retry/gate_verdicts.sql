create or replace function backlog_internal.gate_verdicts(
  p_verdicts backlog_internal.failure_verdict[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_trip record;
  v_fail record;
begin
  for v_trip in
    select v.lane_id, max(v.error) as error
    from unnest(p_verdicts) as v
    where v.action = 'trip'
    group by v.lane_id
    order by v.lane_id
  loop
    perform backlog_internal.trip_lane(v_trip.lane_id, null, v_trip.error, p_now);
  end loop;

  for v_fail in
    select v.gate_id, count(*)::int as failures, max(v.error) as error
    from unnest(p_verdicts) as v
    where v.gate_id is not null
      and v.action = 'retry'
    group by v.gate_id
    order by v.gate_id
  loop
    perform backlog_internal.gate_failure(v_fail.gate_id, v_fail.failures, v_fail.error, p_now);
  end loop;
end;
$$;

comment on function backlog_internal.gate_verdicts(backlog_internal.failure_verdict[], timestamptz) is
  $$Tell the gates about failures, in the order of their ids: trips first, then counted failures.$$;
