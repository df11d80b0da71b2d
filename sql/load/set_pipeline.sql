create or replace function backlog.set_pipeline(p_pipeline text, p_options jsonb)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_pipeline backlog_internal.pipeline := backlog_internal.find_pipeline(p_pipeline);
begin
  perform backlog_internal.check_options(p_options, array[
    'description', 'load_delay', 'min_rows', 'max_rejects', 'max_reject_ratio', 'auto_load',
    'checkpoint_payload'
  ]);

  v_pipeline := jsonb_populate_record(
    v_pipeline,
    p_options - 'load_delay'
      || case when p_options ? 'load_delay'
        then jsonb_build_object('load_delay_seconds', p_options -> 'load_delay')
        else '{}' end
  );
  perform backlog_internal.check_pipeline_options(
    v_pipeline.load_delay_seconds, v_pipeline.min_rows, v_pipeline.max_rejects,
    v_pipeline.max_reject_ratio, v_pipeline.auto_load, v_pipeline.checkpoint_payload
  );

  update backlog_internal.pipeline as p
  set
    description = v_pipeline.description,
    load_delay_seconds = v_pipeline.load_delay_seconds,
    min_rows = v_pipeline.min_rows,
    max_rejects = v_pipeline.max_rejects,
    max_reject_ratio = v_pipeline.max_reject_ratio,
    auto_load = v_pipeline.auto_load,
    checkpoint_payload = v_pipeline.checkpoint_payload
  where p.pipeline_id = v_pipeline.pipeline_id;
end;
$$;

comment on function backlog.set_pipeline(text, jsonb) is
  $$Change options of a pipeline; those that the object does not name stay as they are.

Options are description, load_delay, min_rows, max_rejects, max_reject_ratio, auto_load and
checkpoint_payload, as in backlog.create_pipeline.

Raises PB101 when there is no such pipeline, PB003 when an option is unknown or out of range.$$;
