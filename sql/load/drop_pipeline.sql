create or replace function backlog.drop_pipeline(p_pipeline text, p_force boolean = false)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_pipeline backlog_internal.pipeline := backlog_internal.find_pipeline(p_pipeline);
begin
  -- They may still watch tables, and have incidents and dead letters.
  perform backlog.delete_backfill(b.backfill_id, p_force => true)
  from backlog_internal.backfill as b
  where b.pipeline_id = v_pipeline.pipeline_id;
  perform backlog.drop_pipeline_table(p_pipeline, t.name, p_force)
  from backlog_internal.pipeline_table as t
  where t.pipeline_id = v_pipeline.pipeline_id;
  -- Pages without rows are left.
  perform backlog_internal.release_staged(array(
    select s.item_id
    from backlog_internal.staged_item as s
    where s.pipeline_id = v_pipeline.pipeline_id
  ));

  delete from backlog_internal.pipeline as p
  where p.pipeline_id = v_pipeline.pipeline_id;
end;
$$;

comment on function backlog.drop_pipeline(text, boolean) is
  $$Drop a pipeline: its delta tables, quarantine, ledger and backfills. Stable tables, what was copied and fetch
items stay.

Raises PB101 when there is none, PB102 when rows wait and p_force is false, PB103 while a load of it
runs, PB303 while a backfill of it is PENDING or EXECUTING.$$;
