create or replace function backlog.resolve_incident(
  p_incident_id bigint,
  p_action text,
  p_note text = null
)
  returns text
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_incident backlog_internal.incident;
  v_state    text;
  v_outcome  text;
begin
  if p_action is null or p_action not in ('replay', 'dismiss') then
    raise exception using
      errcode = 'PB003',
      message = format('action must be replay or dismiss, not %s', coalesce(p_action, 'null')),
      hint = 'replay tries to write the record again, dismiss says that it is not wanted.';
  end if;

  select i.* into v_incident from backlog_internal.incident as i where i.incident_id = p_incident_id for update;
  if not found then
    raise exception using
      errcode = 'PB203',
      message = format('there is no incident %s', coalesce(p_incident_id::text, 'null')),
      hint = 'The view backlog.incidents lists them.';
  end if;
  select n.state into v_state from backlog.incidents as n where n.incident_id = p_incident_id;
  if v_state <> 'open' then
    perform backlog_internal.raise_not_open(p_incident_id, format('it is %s', v_state));
  end if;

  v_outcome := case p_action
    when 'replay' then backlog_internal.replay_incident(v_incident)
    else backlog_internal.dismiss_incident(v_incident, p_note)
  end;
  update backlog_internal.incident as i
  set
    state = case v_outcome when 'replaying' then i.state when 'staged' then 'resolved' else v_outcome end,
    note = coalesce(p_note, i.note),
    resolved_at = case v_outcome when 'replaying' then i.resolved_at else backlog_internal.clock() end,
    resolved_by = backlog_internal.caller()
  where i.incident_id = p_incident_id;
  return v_outcome;
end;
$$;

comment on function backlog.resolve_incident(bigint, text, text) is
  $$Resolve an open incident: replay its record, or dismiss it. The note is kept.

replay gives a quarantined row to the next load, redrives a dead letter, enqueues the record of
record_incident as a retry item of its replay_as, or else stages it for the table of its pipeline. A backfill
that failed, or a chunk of it, is tried again by backlog.retry_backfill.
dismiss dismisses the quarantined row, discards the dead letter or just closes the incident. Returns
replaying, staged or dismissed; a replay that fails opens the incident again.

Raises PB203 when there is no such incident, PB204 when it is not open or cannot be replayed, PB003 when
the action is neither, PB105 when the record does not fit the table, and what retry_backfill raises.$$;
