create or replace function backlog_internal.close_failed_incident(
  p_backfill backlog_internal.backfill,
  p_state text,
  p_note text
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  update backlog_internal.incident as i
  set
    state = p_state,
    note = p_note,
    resolved_at = backlog_internal.clock()
  where i.incident_id = (backlog_internal.find_failed_incident(p_backfill)).incident_id;
end;
$$;

comment on function backlog_internal.close_failed_incident(backlog_internal.backfill, text, text) is
  $$Close the incident of a backfill's failure, if one is open: resolved or dismissed.$$;
