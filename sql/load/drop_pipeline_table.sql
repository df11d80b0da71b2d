create or replace function backlog.drop_pipeline_table(p_pipeline text, p_table text, p_force boolean = false)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table   backlog_internal.pipeline_table := backlog_internal.find_pipeline_table(p_pipeline, p_table);
  v_waiting boolean;
begin
  perform backlog_internal.lock_pipeline(v_table.pipeline_id);
  -- Somebody may have dropped it by hand.
  if exists (select from pg_class as c where c.oid = v_table.delta_table) then
    execute format('lock table %s in access exclusive mode', v_table.delta_table);
    execute format('select exists (select from %s)', v_table.delta_table) into v_waiting;
    if v_waiting and not p_force then
      perform backlog_internal.raise_invalid_pipeline(
        format('rows wait in %s', v_table.delta_table),
        'Load them first, or drop them as well with p_force.'
      );
    end if;
    execute format('drop table %s cascade', v_table.delta_table);
  end if;
  -- Pages lost a part of their rows: their items have to be fetched again.
  if v_waiting then
    perform backlog_internal.release_staged(array(
      select s.item_id
      from backlog_internal.staged_item as s
      where s.pipeline_id = v_table.pipeline_id
    ));
  end if;

  delete from backlog_internal.pipeline_table as t
  where t.pipeline_table_id = v_table.pipeline_table_id;
  perform backlog_internal.order_tables(v_table.pipeline_id);
end;
$$;

comment on function backlog.drop_pipeline_table(text, text, boolean) is
  $$Stop loading a table: drop its delta table and forget it, with its quarantine. The stable table stays.

Raises PB101 when the pipeline has no such table, PB102 when rows wait in the delta table and p_force is
false, PB103 while a load of the pipeline runs.$$;
