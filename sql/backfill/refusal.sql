create or replace function backlog_internal.refusal(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk,
  p_record jsonb,
  p_error text,
  p_error_code text,
  p_constraint_name text
)
  returns backlog_internal.incident
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_incident backlog_internal.incident;
begin
  v_incident.incident_id := nextval('backlog_internal.incident_incident_id_seq');
  v_incident.pipeline := (
    select p.name from backlog_internal.pipeline as p where p.pipeline_id = p_backfill.pipeline_id
  );
  v_incident.table_name := backlog_internal.source_name(p_backfill);
  v_incident.record := p_record;
  v_incident.error := left(coalesce(p_error, 'no error text given'), 10000);
  v_incident.error_code := p_error_code;
  v_incident.constraint_name := nullif(p_constraint_name, '');
  v_incident.attempt := greatest(p_chunk.attempts, 1);
  v_incident.correlation_id := 'backfill:' || p_backfill.backfill_id;
  v_incident.source := 'backfill';
  v_incident.metadata := jsonb_build_object(
    'backfill_id', p_backfill.backfill_id, 'chunk_id', p_chunk.chunk_id, 'destination', p_backfill.destination
  );
  v_incident.created_at := backlog_internal.write_clock();
  return v_incident;
end;
$$;

comment on function backlog_internal.refusal(
  backlog_internal.backfill, backlog_internal.backfill_chunk, jsonb, text, text, text
) is
  $$Return the incident of a row that a destination refused.$$;
