create or replace function backlog_internal.lock_deltas(p_pipeline_id bigint)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tables text;
begin
  select string_agg('only ' || t.delta_table::text, ', ' order by t.delta_table::oid)
  into v_tables
  from backlog_internal.pipeline_table as t
  where t.pipeline_id = p_pipeline_id;
  if v_tables is null then
    return;
  end if;

  -- All or none: somebody may be copying into several of them in any order, and must not end up
  -- waiting for us while we wait for him. Staged pages need no lock: their items are fixed.
  for v_try in 1..100 loop
    begin
      execute format('lock table %s in share row exclusive mode nowait', v_tables);
      return;
    exception when lock_not_available then
      perform pg_sleep(0.05);
    end;
  end loop;

  raise exception using
    errcode = 'PB103',
    message = format('rows are being written into %s', replace(v_tables, 'only ', '')),
    hint = 'Load when these transactions have ended.';
end;
$$;

comment on function backlog_internal.lock_deltas(bigint) is
  $$Keep writers out of the delta tables of a pipeline until the load ends; readers and staging go on.

Raises PB103 when somebody is still writing after five seconds.$$;
