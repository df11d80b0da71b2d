create or replace function backlog_internal.open_failed_incident(
  p_backfill backlog_internal.backfill,
  p_pipeline text,
  p_facts jsonb
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_incident backlog_internal.incident := backlog_internal.find_failed_incident(p_backfill);
begin
  -- Failures one after the other are one incident, with one more attempt each.
  v_incident.incident_id := coalesce(
    v_incident.incident_id, nextval('backlog_internal.incident_incident_id_seq')
  );
  v_incident.attempt := coalesce(v_incident.attempt, 0) + 1;
  v_incident.pipeline := p_pipeline;
  v_incident.record := p_facts;
  v_incident.error := coalesce(p_backfill.reason, 'the backfill failed');
  v_incident.error_code := (
    select c.error_code
    from backlog_internal.backfill_chunk as c
    where c.backfill_id = p_backfill.backfill_id
      and c.state = 'FAILED'
    order by c.finished_at desc, c.chunk_id desc
    limit 1
  );
  v_incident.correlation_id := 'backfill:' || p_backfill.backfill_id;
  v_incident.source := 'backfill';
  v_incident.metadata := p_facts;
  v_incident.created_at := coalesce(v_incident.created_at, backlog_internal.write_clock());
  perform backlog_internal.open_incidents(array[v_incident]);
end;
$$;

comment on function backlog_internal.open_failed_incident(backlog_internal.backfill, text, jsonb) is
  $$Open the incident of a backfill that failed, or go on with the one that is open.

Its record is what is known of the backfill; the table is in there, so that nobody replays it as a row.$$;
