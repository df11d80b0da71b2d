create or replace function backlog_internal.lock_stable_tables(p_pipeline_id bigint)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table oid;
begin
  -- Two pipelines may load the same table. They take turns per table, in the order of the tables, so
  -- that they never wait for each other in a circle. 0x5042544c is "PBTL".
  for v_table in
    select t.stable_table::oid
    from backlog_internal.pipeline_table as t
    where t.pipeline_id = p_pipeline_id
    order by t.stable_table::oid
  loop
    perform pg_advisory_xact_lock(1346524236, (v_table::bigint - 2147483648)::int);
  end loop;
end;
$$;

comment on function backlog_internal.lock_stable_tables(bigint) is
  $$Wait for loads of other pipelines into the same tables, in an order that cannot deadlock.$$;
