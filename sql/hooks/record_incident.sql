create or replace function backlog.record_incident(
  p_pipeline text,
  p_record jsonb,
  p_error text,
  p_error_code text = null,
  p_constraint_name text = null,
  p_table_name text = null,
  p_attempt int = 1,
  p_correlation_id text = null,
  p_metadata jsonb = null,
  p_replay_as text = null
)
  returns bigint
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_incident backlog_internal.incident;
  v_problem  text := case
    when jsonb_typeof(p_record) is distinct from 'object' then 'the record must be an object'
    when p_error is null then 'an incident needs an error'
    when p_attempt is null or p_attempt < 1 then 'attempt counts from 1'
    when p_replay_as in ('', '*') then 'replay_as must be an event type'
  end;
begin
  if v_problem is not null then
    raise exception using
      errcode = 'PB003',
      message = v_problem,
      hint = 'See the comment of backlog.record_incident. Nothing was written.';
  end if;
  perform backlog_internal.find_pipeline(p_pipeline);

  v_incident.incident_id := nextval('backlog_internal.incident_incident_id_seq');
  v_incident.pipeline := p_pipeline;
  v_incident.table_name := p_table_name;
  v_incident.record := p_record;
  v_incident.error := left(p_error, 10000);
  v_incident.error_code := p_error_code;
  v_incident.constraint_name := p_constraint_name;
  v_incident.attempt := p_attempt;
  v_incident.correlation_id := p_correlation_id;
  v_incident.source := 'user';
  v_incident.replay_as := p_replay_as;
  v_incident.metadata := p_metadata;
  v_incident.created_at := backlog_internal.write_clock();
  perform backlog_internal.open_incidents(array[v_incident]);
  return v_incident.incident_id;
end;
$$;

comment on function backlog.record_incident(
  text, jsonb, text, text, text, text, int, text, jsonb, text
) is
  $$Record an incident: a write to a destination failed. Return its id.

Joins the caller's transaction; call it after the failed write was rolled back. p_record is the record
that could not be written. Every interested incident hook gets it; if a critical rule matches, so do the
alert hooks. backlog.resolve_incident replays the record, as a retry item of the event type p_replay_as
if given, else through the pipeline's table p_table_name. Loads record their incidents by themselves.

Raises PB101 when there is no such pipeline, PB003 when the record is no object or an argument is out of
range.$$;
