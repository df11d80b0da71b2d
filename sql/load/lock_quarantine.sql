create or replace function backlog_internal.lock_quarantine(p_ids bigint[])
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_pipeline_id bigint;
begin
  -- A load works on what was open when it began; wait for it, one pipeline after the other.
  for v_pipeline_id in
    select distinct q.pipeline_id
    from backlog_internal.quarantine_row as q
    where q.quarantine_row_id = any (p_ids)
    order by q.pipeline_id
  loop
    perform backlog_internal.lock_pipeline(v_pipeline_id, true);
  end loop;
end;
$$;

comment on function backlog_internal.lock_quarantine(bigint[]) is
  $$Wait for the loads of all pipelines that quarantined rows belong to, and keep new ones out.$$;
