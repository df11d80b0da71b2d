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
  execute format(
    'select array[%s] from %s as s where (%s) < (%s) order by %s limit 1',
    array_to_string(array(select k.sql || '::text' from unnest(p_backfill.key_sql) as k (sql)), ', '),
    p_backfill.source_table, array_to_string(p_backfill.key_sql, ', '),
    (
      select string_agg(format('%L::%s', u.value, u.type), ', ' order by u.place)
      from unnest(v_first, p_backfill.key_types) with ordinality as u (value, type, place)
    ),
    array_to_string(array(select k.sql || ' desc' from unnest(p_backfill.key_sql) as k (sql)), ', ')
  )
  into v_lower;
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
