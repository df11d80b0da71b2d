create or replace function backlog.pause_pipeline(p_pipeline text, p_reason text = null)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_pipeline backlog_internal.pipeline := backlog_internal.find_pipeline(p_pipeline);
begin
  update backlog_internal.pipeline as p
  set
    paused_at = coalesce(p.paused_at, backlog_internal.clock()),
    pause_reason = p_reason
  where p.pipeline_id = v_pipeline.pipeline_id;
  perform backlog.pause_event_type('fetch.' || p_pipeline, p_reason);
end;
$$;

comment on function backlog.pause_pipeline(text, text) is
  $$Stop the fetches and loads of a pipeline; what is being fetched may still be staged.

Raises PB101 when there is no such pipeline.$$;
