create or replace function backlog_internal.open_load(p_load_id bigint, p_pipeline_id bigint)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table   backlog_internal.pipeline_table;
  v_payload text;
  v_items   bigint;
  v_copied  boolean;
  v_staged  boolean;
begin
  select coalesce(p.checkpoint_payload, backlog_internal.wanted_payload('checkpoint', p.name))
  into v_payload
  from backlog_internal.pipeline as p
  where p.pipeline_id = p_pipeline_id;
  update backlog_internal.staged_item as s
  set
    load_id = p_load_id,
    problem = null
  where s.pipeline_id = p_pipeline_id
    and s.held_token is not null;
  get diagnostics v_items = row_count;

  for v_table in
    select t.*
    from backlog_internal.pipeline_table as t
    where t.pipeline_id = p_pipeline_id
    order by t.load_order
  loop
    perform backlog_internal.check_columns(v_table);
    v_staged := backlog_internal.restage_quarantined(v_table) > 0
      or v_items > 0;
    execute format('select exists (select from only %s)', v_table.delta_table) into v_copied;
    perform backlog_internal.correct_estimate(v_table.delta_table);
    perform backlog_internal.correct_estimate(v_table.staging_table);
    insert into backlog_internal.load_work (
      load_id, pipeline_table_id, load_order, rows_sql, payload
    )
    values (
      p_load_id, v_table.pipeline_table_id, v_table.load_order,
      backlog_internal.rows_sql(v_table, p_load_id, v_copied, v_staged),
      v_payload
    );
  end loop;
  return v_items;
end;
$$;

comment on function backlog_internal.open_load(bigint, bigint) is
  $$Settle what a load takes: staged items, copied rows, parked and replayed rows. Return the number of items.

Raises PB102 when a stable table has changed so that its delta table does not fit any more.$$;
