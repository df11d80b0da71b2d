create or replace function backlog_internal.report_end(p_backfill backlog_internal.backfill)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_pipeline text := (
    select p.name from backlog_internal.pipeline as p where p.pipeline_id = p_backfill.pipeline_id
  );
  v_facts    jsonb;
begin
  select jsonb_build_object(
    'backfill_id', p_backfill.backfill_id, 'state', p_backfill.state, 'reason', p_backfill.reason,
    'table', backlog_internal.source_name(p_backfill), 'destination', p_backfill.destination,
    'rows_matched', coalesce(sum(c.rows_matched), 0), 'rows_written', coalesce(sum(c.rows_written), 0),
    'rows_refused', coalesce(sum(c.rows_refused), 0)
  )
  into v_facts
  from backlog_internal.backfill_chunk as c
  where c.backfill_id = p_backfill.backfill_id;

  if p_backfill.state = 'FAILED' then
    perform backlog_internal.open_failed_incident(p_backfill, v_pipeline, v_facts);
    return;
  end if;
  -- Rows were counted chunk by chunk; here they would count twice.
  perform backlog_internal.write_events(
    'checkpoint', v_pipeline, v_facts ->> 'table', null, 0, 'backfill', p_backfill.backfill_id,
    'backfill:' || p_backfill.backfill_id, v_facts
  );
  if p_backfill.state = 'COMPLETED' then
    perform backlog_internal.close_failed_incident(p_backfill, 'resolved', 'the backfill completed');
  end if;
end;
$$;

comment on function backlog_internal.report_end(backlog_internal.backfill) is
  $$Tell hooks that a backfill ended: an incident if it failed, else a checkpoint event without records.

Both have its state and counts in the metadata. A backfill that completes at last resolves its incident.$$;
