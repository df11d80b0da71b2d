create or replace function backlog_internal.check_rejects(
  p_load_id bigint,
  p_pipeline backlog_internal.pipeline
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_work     record;
  v_accepted bigint;
  v_marked   bigint;
  v_judged   boolean := exists (
    select from backlog_internal.load_verdict as v where v.load_id = p_load_id
  );
  v_received bigint := 0;
  v_rejected bigint := 0;
begin
  for v_work in
    select w.pipeline_table_id, w.rows_sql, w.received, t.delete_column
    from backlog_internal.load_work as w
    join backlog_internal.pipeline_table as t on t.pipeline_table_id = w.pipeline_table_id
    where w.load_id = p_load_id
  loop
    v_accepted := v_work.received;
    v_marked := 0;
    if v_judged or v_work.delete_column is not null then
      execute format('select count(*), count(*) filter (where r.backlog_deleted) from (%s) as r', v_work.rows_sql)
      into v_accepted, v_marked;
    end if;
    update backlog_internal.load_work as w
    set
      accepted = v_accepted,
      marked = v_marked,
      rejected = w.received - v_accepted - w.parked - w.duplicates
    where w.load_id = p_load_id
      and w.pipeline_table_id = v_work.pipeline_table_id
    returning v_rejected + w.rejected, v_received + w.received
    into v_rejected, v_received;
  end loop;

  if v_rejected > p_pipeline.max_rejects
    or v_rejected > p_pipeline.max_reject_ratio * v_received
  then
    perform backlog_internal.refuse_load(
      p_load_id, format('%s of %s rows rejected, more than pipeline %s allows', v_rejected, v_received,
        p_pipeline.name)
    );
  end if;
end;
$$;

comment on function backlog_internal.check_rejects(bigint, backlog_internal.pipeline) is
  $$Count the rejected rows of a load and compare them with the pipeline's limits.

Raises PB104 when there are too many.$$;
