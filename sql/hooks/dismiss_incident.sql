create or replace function backlog_internal.dismiss_incident(
  p_incident backlog_internal.incident,
  p_note text
)
  returns text
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_done bigint := 1;
begin
  if p_incident.quarantine_row_id is not null then
    select count(*)
    into v_done
    from backlog.dismiss_quarantine(
      jsonb_build_object('ids', jsonb_build_array(p_incident.quarantine_row_id)), p_note
    ) as r;
  elsif p_incident.item_id is not null then
    select count(*)
    into v_done
    from backlog.discard_dead_letters(
      jsonb_build_object('id', p_incident.item_id), p_reason => p_note
    ) as r;
  end if;
  if v_done = 0 then
    perform backlog_internal.raise_not_open(p_incident.incident_id, 'somebody else is at it');
  end if;
  return 'dismissed';
end;
$$;

comment on function backlog_internal.dismiss_incident(backlog_internal.incident, text) is
  $$Dismiss what an open incident is about; return dismissed.

Raises PB204 when somebody else is dealing with it.$$;
