create or replace function backlog_internal.open_dead_letter_incidents(p_item_ids bigint[])
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := backlog_internal.write_clock();
begin
  perform backlog_internal.open_incidents(t.incidents)
  from (
    select array_agg(s.incident order by (s.incident).item_id) as incidents
    from (
      select row(
        coalesce(i.incident_id, nextval('backlog_internal.incident_incident_id_seq')), null, null,
        p.name, null, d.event_data, d.error, d.error_code, null, greatest(d.retry_count, 1),
        d.correlation_id, 'dead_letter', null, d.id, null, null, false, null, 'open', null, null,
        null, jsonb_build_object('event_type', l.event_type, 'channel_name', l.channel_name), v_now
      )::backlog_internal.incident as incident, d.lane_id, d.correlation_id
      from backlog_internal.dead_letter as d
      join backlog_internal.retry_lane as l on l.lane_id = d.lane_id
      left join backlog_internal.pipeline as p on l.event_type = 'fetch.' || p.name
      left join backlog_internal.incident as i on i.item_id = d.id
      where d.id = any (p_item_ids)
        -- A hook that fails must not call hooks: that could go on for ever.
        and not starts_with(l.event_type, 'hook.')
    ) as s
    group by s.lane_id, s.correlation_id
  ) as t;

  perform backlog_internal.end_hook_turns(p_item_ids);
end;
$$;

comment on function backlog_internal.open_dead_letter_incidents(bigint[]) is
  $$Open an incident for each item that has just become a dead letter, and end its turn if it had one.

Dead deliveries open none. An item that dies again keeps its incident.$$;
