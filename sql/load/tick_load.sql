create or replace function backlog_internal.tick_load(p_limit int = 10000)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now      timestamptz := backlog_internal.clock();
  v_keep     interval := make_interval(days => backlog_internal.setting('load_retention_days')::int);
  v_released bigint := 0;
  v_aged     bigint;
  v_rows     bigint;
  v_loads    bigint;
  v_exports  bigint;
  v_pipeline backlog_internal.pipeline;
begin
  for v_pipeline in
    select p.* from backlog_internal.pipeline as p order by p.pipeline_id
  loop
    -- A pipeline that is being loaded looks after itself.
    if pg_try_advisory_xact_lock(1346522180, (v_pipeline.pipeline_id % 2147483647)::int) then
      v_released := v_released + backlog_internal.recover_staged(v_pipeline.pipeline_id);
      perform backlog_internal.forget_lost_pages(v_pipeline.pipeline_id);
    end if;
  end loop;

  -- Now a person must look at them.
  with aged as (
    update backlog_internal.quarantine_row as q
    set
      state = 'waiting',
      parked_until = null
    where q.state = 'parked'
      and q.parked_until <= v_now
    returning q.quarantine_row_id, q.pipeline_id
  ),
  told as (
    select
      cardinality(a.ids) as rows,
      backlog_internal.open_quarantine_incidents(p.name, a.ids)
    from (
      select g.pipeline_id, array_agg(g.quarantine_row_id order by g.quarantine_row_id) as ids
      from aged as g
      group by g.pipeline_id
    ) as a
    join backlog_internal.pipeline as p on p.pipeline_id = a.pipeline_id
  )
  select coalesce(sum(t.rows), 0) into v_aged from told as t;

  delete from backlog_internal.quarantine_row as q
  where q.quarantine_row_id in (
    select c.quarantine_row_id
    from backlog_internal.quarantine_row as c
    where c.closed_at < v_now - v_keep
    limit p_limit
  );
  get diagnostics v_rows = row_count;
  delete from backlog_internal.load as l
  where l.load_id in (
    select o.load_id
    from backlog_internal.load as o
    where o.finished_at < v_now - v_keep
    order by o.load_id
    limit p_limit
  );
  get diagnostics v_loads = row_count;
  delete from backlog_internal.partial_generation as g
  where g.noted_at < v_now - v_keep;

  select count(*) into v_exports from backlog.refresh_due_exports() as r;
  return jsonb_build_object(
    'items_released', v_released,
    'parked_rows_aged', v_aged,
    'quarantined_rows_removed', v_rows,
    'loads_removed', v_loads,
    'exports_refreshed', v_exports
  );
end;
$$;

comment on function backlog_internal.tick_load(int) is
  $$Do the housekeeping of loads; return what was done as JSON.

Gives back items whose staged rows were lost, ends the wait of rows that were parked too long, removes
closed quarantine and ledger rows after the retention, refreshes exports that are due.$$;
