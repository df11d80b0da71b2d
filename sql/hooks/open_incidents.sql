create or replace function backlog_internal.open_incidents(p_incidents backlog_internal.incident[])
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_first    backlog_internal.incident := p_incidents[1];
  v_single   boolean := cardinality(p_incidents) = 1;
  v_records  jsonb;
  v_details  jsonb;
  v_reasons  jsonb;
  v_event_id bigint;
begin
  select jsonb_agg(i.record order by i.ordinality), jsonb_agg(
    jsonb_build_object(
      'incident_id', i.incident_id, 'error', i.error, 'error_code', i.error_code,
      'constraint', i.constraint_name, 'attempt', i.attempt,
      'source_id', coalesce(i.quarantine_row_id, i.item_id, i.load_id)
    ) order by i.ordinality
  )
  into v_records, v_details
  from unnest(p_incidents) with ordinality as i;

  if exists (select from backlog_internal.critical_rule as r) then
    select coalesce(jsonb_object_agg(c.place, c.reasons), '{}')
    into v_reasons
    from (
      select r.place, string_agg(r.reason, '; ') as reasons
      from backlog_internal.critical_reasons(v_first.pipeline, v_records) as r
      group by r.place
    ) as c;
  end if;

  v_event_id := backlog_internal.write_events(
    'incident', v_first.pipeline, v_first.table_name,
    -- What quarantine or a dead letter keeps is repeated only for hooks that want to see it.
    case
      when v_first.source = 'user'
        or backlog_internal.wanted_payload('incident', v_first.pipeline) <> 'none' then v_records
    end,
    cardinality(p_incidents), v_first.source,
    case when v_single then coalesce(v_first.quarantine_row_id, v_first.item_id, v_first.load_id) end,
    v_first.correlation_id, v_first.metadata,
    case when v_single then v_first.error end, case when v_single then v_first.error_code end,
    case when v_single then v_first.constraint_name end, case when v_single then v_first.attempt end,
    v_details
  );
  perform backlog_internal.store_incidents(p_incidents, v_event_id, coalesce(v_reasons, '{}'));
  if v_reasons <> '{}' then
    perform backlog_internal.raise_alert(v_first, v_records, v_details, v_reasons);
  end if;
  return v_event_id;
end;
$$;

comment on function backlog_internal.open_incidents(backlog_internal.incident[]) is
  $$Open incidents of one pipeline, table and source: rows, an event with its deliveries, an alert if critical.

Each comes with its id and record. Returns the id of the event.$$;
