create or replace function backlog_internal.continue_incident(
  p_load_id bigint,
  p_pipeline backlog_internal.pipeline,
  p_result jsonb
)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_incident backlog_internal.incident;
begin
  -- Loads that fail one after the other are one incident, with one more attempt each.
  select i.*
  into v_incident
  from backlog_internal.incident as i
  where i.incident_id = (
    select l.incident_id
    from backlog_internal.load as l
    where l.pipeline_id = p_pipeline.pipeline_id
    order by l.load_id desc
    limit 1
  )
    and i.state = 'open';
  if p_result ->> 'outcome' = 'loaded' then
    update backlog_internal.incident as i
    set
      state = 'resolved',
      note = format('load %s went well', p_load_id),
      resolved_at = backlog_internal.clock()
    where i.incident_id = v_incident.incident_id;
    return null;
  end if;

  v_incident.incident_id := coalesce(
    v_incident.incident_id, nextval('backlog_internal.incident_incident_id_seq')
  );
  v_incident.attempt := coalesce(v_incident.attempt, 0) + 1;
  v_incident.pipeline := p_pipeline.name;
  v_incident.record := p_result - 'items' - 'tables' || jsonb_build_object('load_id', p_load_id);
  v_incident.error := p_result ->> 'error';
  v_incident.error_code := p_result ->> 'error_code';
  v_incident.source := 'load';
  v_incident.load_id := p_load_id;
  v_incident.created_at := backlog_internal.clock();
  v_incident.metadata := v_incident.record - 'error' - 'error_code' - 'problems';
  perform backlog_internal.open_incidents(array[v_incident]);
  return v_incident.incident_id;
end;
$$;

comment on function backlog_internal.continue_incident(bigint, backlog_internal.pipeline, jsonb) is
  $$Open an incident for a load that was refused or failed, or go on with that of the load before; resolve it
when a load goes well. Return the id of the incident, null when there is none any more.$$;
