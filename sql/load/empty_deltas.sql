create or replace function backlog_internal.empty_deltas(p_load_id bigint)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table backlog_internal.pipeline_table;
  -- Rows of pages that are still being staged stay; everything else was loaded, refused or lost its
  -- lease.
  v_live  text := '(d.backlog_item_id, d.backlog_lock_token) in'
    ' (select s.item_id, s.lock_token from backlog_internal.staged_item as s)';
begin
  for v_table in select t.* from backlog_internal.load_tables_of(p_load_id) as t loop
    if not backlog_internal.truncate_delta(v_table.delta_table, null) then
      execute format('delete from only %s', v_table.delta_table);
    end if;
    if not backlog_internal.truncate_delta(v_table.staging_table, v_live) then
      execute format('delete from %s as d where (%s) is not true', v_table.staging_table, v_live);
    end if;
  end loop;
end;
$$;

comment on function backlog_internal.empty_deltas(bigint) is
  $$Remove from the delta tables what a load has dealt with.$$;
