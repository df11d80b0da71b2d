create or replace function backlog_internal.add_child_chunk(p_backfill backlog_internal.backfill, p_child regclass)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set datestyle = 'ISO'
  set intervalstyle = 'postgres'
  set extra_float_digits = 1
as $$
declare
  v_child backlog_internal.backfill := p_backfill;
  v_first text[];
  v_plan  record;
  v_lower text[];
begin
  v_child.source_table := p_child;
  v_first := backlog_internal.middle_key(v_child, 'true', 1);
  if v_first is null then
    return;
  end if;
  v_plan := backlog_internal.plan_chunks(v_child);
  -- A range begins above a key: the last one before the first row of the child.
  v_lower := backlog_internal.last_key(p_backfill, format(
    '(%s) < (%s)', array_to_string(p_backfill.key_sql, ', '),
    backlog_internal.key_literals(v_first, p_backfill.key_types)
  ));
  insert into backlog_internal.backfill_chunk
    (backfill_id, kind, lower_key, upper_key, rows_estimated, created_at)
  values (
    p_backfill.backfill_id, 'range', v_lower, v_plan.upper_key, v_plan.rows_estimated, backlog_internal.clock()
  );
  perform backlog_internal.enqueue_chunks(p_backfill.backfill_id);
end;
$$;

comment on function backlog_internal.add_child_chunk(backlog_internal.backfill, regclass) is
  $$Add a chunk over the keys of a partition, or of a table that inherits, which came while a backfill ran.$$;
