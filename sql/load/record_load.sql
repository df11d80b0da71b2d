create or replace function backlog_internal.record_load(
  p_load_id bigint,
  p_pipeline backlog_internal.pipeline,
  p_started timestamptz,
  p_result jsonb
)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now    timestamptz := backlog_internal.clock();
  v_failed bigint := coalesce((p_result ->> 'items_failed')::bigint, 0);
begin
  delete from backlog_internal.load_verdict as v where v.load_id = p_load_id;
  delete from backlog_internal.load_change as c where c.load_id = p_load_id;
  delete from backlog_internal.refused_row as f where f.batch_id = p_load_id;
  delete from backlog_internal.load_work as w where w.load_id = p_load_id;

  -- A load without rows or items leaves no trace.
  if p_result ->> 'outcome' = 'loaded'
    and (p_result ->> 'items_completed')::bigint + v_failed = 0
    and not jsonb_path_exists(p_result, '$.tables[*].received ? (@ > 0)')
  then
    return p_result || '{"outcome": "empty"}';
  end if;

  if p_result ->> 'outcome' = 'refused' then
    v_failed := backlog_internal.fail_guilty(p_result);
  end if;
  insert into backlog_internal.load (
    load_id, pipeline_id, outcome, started_at, finished_at, items_completed, items_failed, error_code,
    error, problems, incident_id
  )
  values (
    p_load_id, p_pipeline.pipeline_id, p_result ->> 'outcome', p_started, v_now,
    coalesce((p_result ->> 'items_completed')::bigint, 0), v_failed, p_result ->> 'error_code',
    p_result ->> 'error', nullif(p_result -> 'problems', '[]'),
    backlog_internal.continue_incident(p_load_id, p_pipeline, p_result)
  );
  insert into backlog_internal.load_table
  select
    p_load_id, t.table_name, t.load_order, t.received, t.inserted, t.updated, t.unchanged, t.deleted,
    t.rejected, t.parked, t.duplicates, t.outdated, t.note
  from jsonb_populate_recordset(
    null::backlog_internal.load_table, coalesce(p_result -> 'tables', '[]')
  ) as t;

  update backlog_internal.pipeline as p
  set load_after = case p_result ->> 'outcome'
    when 'loaded' then '-infinity'
    else v_now + make_interval(secs => greatest(p.load_delay_seconds, 10))
  end
  where p.pipeline_id = p_pipeline.pipeline_id
    and (p.load_after > '-infinity' or p_result ->> 'outcome' <> 'loaded');
  if p_result ->> 'outcome' = 'loaded' then
    update backlog_internal.export as e
    set due = true
    where e.pipeline_id = p_pipeline.pipeline_id
      and not e.due;
  end if;
  return p_result || jsonb_build_object('load_id', p_load_id, 'items_failed', v_failed);
end;
$$;

comment on function backlog_internal.record_load(
  bigint, backlog_internal.pipeline, timestamptz, jsonb
) is
  $$Write a load to the ledger, report the items that made it refuse, and say what follows.$$;
