create or replace function backlog_internal.raise_not_open(p_incident_id bigint, p_problem text, p_hint text = null)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'PB204',
    message = format('incident %s cannot be resolved so: %s', p_incident_id, p_problem),
    hint = coalesce(p_hint, 'See backlog.incidents for its state and record. Nothing was changed.');
end;
$$;

comment on function backlog_internal.raise_not_open(bigint, text, text) is
  $$Refuse to resolve an incident.

Raises PB204, always.$$;
