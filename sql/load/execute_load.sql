create or replace function backlog_internal.execute_load(
  p_pipeline backlog_internal.pipeline,
  p_preview boolean
)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_started timestamptz := backlog_internal.clock();
  v_load_id bigint := nextval(pg_get_serial_sequence('backlog_internal.load', 'load_id'));
  v_result  jsonb;
  v_detail  text;
begin
  perform backlog_internal.lock_pipeline(p_pipeline.pipeline_id);
  perform backlog_internal.lock_stable_tables(p_pipeline.pipeline_id);
  perform backlog_internal.lock_deltas(p_pipeline.pipeline_id);
  perform backlog_internal.recover_staged(p_pipeline.pipeline_id);

  -- Any error undoes the work of the load and nothing else, so that the ledger can tell of it and
  -- the items at fault can be reported.
  begin
    v_result := backlog_internal.run_load(v_load_id, p_pipeline);
    if p_preview then
      raise exception using
        errcode = 'PB108',
        message = 'preview undone',
        hint = 'Caught right below: it only takes the work back.';
    end if;
  exception
    when sqlstate 'PB108' then
      return v_result;
    when sqlstate 'PB104' then
      get stacked diagnostics v_detail = pg_exception_detail;
      v_result := v_detail::jsonb;
    when others then
      get stacked diagnostics v_detail = pg_exception_hint;
      v_result := jsonb_build_object(
        'outcome', 'failed', 'error_code', sqlstate, 'error', concat_ws(' ', sqlerrm, nullif(v_detail, ''))
      );
  end;

  if p_preview then
    return v_result;
  end if;
  return backlog_internal.record_load(v_load_id, p_pipeline, v_started, v_result);
end;
$$;

comment on function backlog_internal.execute_load(backlog_internal.pipeline, boolean) is
  $$Load a pipeline, or with p_preview do it and undo it; return the account as JSON.

Raises PB103 when another load of it is running or its delta tables are being written.$$;
