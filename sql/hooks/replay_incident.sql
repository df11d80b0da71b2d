create or replace function backlog_internal.replay_incident(p_incident backlog_internal.incident)
  returns text
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- That of the backfill, or of a chunk of it that became a dead letter.
  v_backfill bigint := case p_incident.source
    when 'backfill' then (p_incident.metadata ->> 'backfill_id')::bigint
    when 'dead_letter' then (
      select c.backfill_id from backlog_internal.backfill_chunk as c where c.item_id = p_incident.item_id
    )
  end;
  v_outcome text;
  v_item_id bigint;
begin
  if p_incident.source = 'backfill' and p_incident.metadata ? 'chunk_id' then
    -- Its record is a row as the source had it: staged, it would undo what has changed there since.
    perform backlog_internal.raise_not_open(
      p_incident.incident_id, format('the destination of backfill %s refused the row', v_backfill),
      format(
        'Put the row or the destination right, then: pgbacklog backfill verify %s --repair. Or dismiss it.',
        v_backfill
      )
    );
  elsif v_backfill is not null then
    perform backlog.retry_backfill(v_backfill);
    return 'replaying';
  end if;
  if p_incident.quarantine_row_id is not null then
    select r.outcome
    into v_outcome
    from backlog.replay_quarantine(
      jsonb_build_object('ids', jsonb_build_array(p_incident.quarantine_row_id))
    ) as r;
  elsif p_incident.item_id is not null then
    select case r.outcome when 'redriven' then 'replaying' else r.outcome end
    into v_outcome
    from backlog.redrive_dead_letters(jsonb_build_object('id', p_incident.item_id)) as r;
  elsif p_incident.replay_as is not null then
    select e.id
    into v_item_id
    from backlog.enqueue_retry_item(
      p_incident.replay_as, p_incident.record, p_plugin_name => 'incidents',
      p_event_metadata => jsonb_build_object('incident_id', p_incident.incident_id),
      p_correlation_id => p_incident.correlation_id
    ) as e;
    -- From now on the state of the item is that of the incident.
    update backlog_internal.incident as i
    set item_id = v_item_id
    where i.incident_id = p_incident.incident_id;
    v_outcome := 'replaying';
  elsif p_incident.record is not null and p_incident.table_name is not null then
    perform backlog.stage_rows(
      p_incident.pipeline, p_incident.table_name, jsonb_build_array(p_incident.record)
    );
    v_outcome := 'staged';
  else
    v_outcome := 'it says neither the event type nor the table that would take its record';
  end if;

  if v_outcome is null or v_outcome not in ('replaying', 'staged') then
    perform backlog_internal.raise_not_open(
      p_incident.incident_id, coalesce(v_outcome, 'somebody else is at it')
    );
  end if;
  return v_outcome;
end;
$$;

comment on function backlog_internal.replay_incident(backlog_internal.incident) is
  $$Try to write the record of an open incident again; return replaying or staged.

Raises PB204 when that is not possible.$$;
