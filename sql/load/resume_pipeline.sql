create or replace function backlog.resume_pipeline(p_pipeline text)
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
    paused_at = null,
    pause_reason = null,
    load_after = '-infinity'
  where p.pipeline_id = v_pipeline.pipeline_id;
  if v_pipeline.paused_at is not null then
    perform backlog.resume_event_type('fetch.' || p_pipeline);
  end if;
end;
$$;

comment on function backlog.resume_pipeline(text) is
  $$Let a paused pipeline fetch and load again; a load that had to wait after a failure is due at once.

Raises PB101 when there is no such pipeline.$$;
