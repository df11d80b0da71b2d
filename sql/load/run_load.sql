create or replace function backlog_internal.run_load(
  p_load_id bigint,
  p_pipeline backlog_internal.pipeline
)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table    backlog_internal.pipeline_table;
  v_items    bigint[];
  v_failure  record;
  v_attempts int := backlog_internal.setting('load_bisect_attempts')::int;
  v_own      text := current_setting('work_mem');
  v_given    text := backlog_internal.setting('load_work_mem');
begin
  -- A join of two large tables that spills to disk takes longer than all else together.
  if pg_size_bytes(v_own) < pg_size_bytes(v_given) then
    perform set_config('work_mem', v_given, true);
  end if;
  -- The catalog is read anew each time: constraints may have come and gone.
  perform backlog_internal.order_tables(p_pipeline.pipeline_id);
  perform backlog_internal.open_load(p_load_id, p_pipeline.pipeline_id);
  perform backlog_internal.note_complete_sets(p_load_id, p_pipeline);
  perform backlog_internal.judge_load(p_load_id);
  perform backlog_internal.check_rejects(p_load_id, p_pipeline);

  -- Rows that the database refuses for reasons of its own are found and taken out, then all goes again.
  loop
    select m.* into v_failure from backlog_internal.merge_tables(p_load_id, p_pipeline.pipeline_id) as m;
    exit when v_failure.o_error_code is null;
    select backlog_internal.isolate_guilty(p_load_id, t, v_attempts)
    from backlog_internal.pipeline_table as t
    where t.pipeline_table_id = v_failure.o_table_id
    into v_attempts;
    if v_attempts is null then
      raise exception using
        errcode = v_failure.o_error_code,
        message = v_failure.o_error,
        hint = v_failure.o_hint;
    end if;
    perform backlog_internal.judge_references(p_load_id);
    perform backlog_internal.check_rejects(p_load_id, p_pipeline);
  end loop;
  for v_table in select t.* from backlog_internal.load_tables_of(p_load_id, true) as t loop
    perform backlog_internal.fill_late_columns(p_load_id, v_table);
    perform backlog_internal.delete_rows(p_load_id, v_table);
    perform backlog_internal.close_quarantined(p_load_id, v_table);
  end loop;
  perform backlog_internal.defer_keys(p_pipeline.pipeline_id, false);

  perform backlog_internal.save_load_checkpoints(p_load_id, p_pipeline);
  perform backlog_internal.open_load_incidents(p_load_id, p_pipeline.name);
  v_items := backlog_internal.settle_items(p_load_id);
  perform backlog_internal.empty_deltas(p_load_id);
  perform set_config('work_mem', v_own, true);
  return jsonb_build_object(
    'outcome', 'loaded',
    'items_completed', v_items[1],
    'items_failed', v_items[2],
    'tables', backlog_internal.load_account(p_load_id),
    'problems', backlog_internal.load_problems(p_load_id)
  );
end;
$$;

comment on function backlog_internal.run_load(bigint, backlog_internal.pipeline) is
  $$Do the work of a load: take, judge, merge, delete, complete, empty. Return the account as JSON.

Raises PB104 when a policy refuses the load, PB102 when a table has changed, and whatever the stable
tables raise; the caller rolls back and writes the ledger.$$;
