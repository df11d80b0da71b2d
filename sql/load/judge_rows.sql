create or replace function backlog_internal.judge_rows(
  p_load_id bigint,
  p_table backlog_internal.pipeline_table
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows     text := backlog_internal.load_rows(p_load_id, p_table.pipeline_table_id);
  v_any      text;
  v_flags    text;
  v_values   text;
  v_received bigint;
  v_bad      bigint;
begin
  select
    string_agg(format('(%s)', u.broken_sql), ' or '),
    string_agg(format('(%s) as backlog_broken_%s', u.broken_sql, u.place), ', '),
    string_agg(format(
      '(%L, %L, %L, %L, %L, r.backlog_broken_%s)',
      u.rule, u.sql_state, u.constraint_name, u.column_name, u.message, u.place
    ), ', ')
  into v_any, v_flags, v_values
  from (
    select u.*, row_number() over (order by u.rule desc, u.column_name, u.constraint_name) as place
    from backlog_internal.row_rules(p_table) as u
  ) as u;

  execute format('select count(*), count(*) filter (where %s) from (%s) as r', coalesce(v_any, 'false'), v_rows)
  into v_received, v_bad;
  update backlog_internal.load_work as w
  set received = v_received
  where w.load_id = p_load_id
    and w.pipeline_table_id = p_table.pipeline_table_id;
  if v_bad = 0 then
    return;
  end if;

  execute format(
    'insert into backlog_internal.load_verdict (load_id, pipeline_table_id, source, row_id, item_id,'
      ' quarantine_row_id, rule, sql_state, constraint_name, column_name, message, action)'
      ' select $1, $2, r.backlog_source, r.backlog_row, r.backlog_item_id, r.backlog_quarantine_id,'
      ' v.rule, v.sql_state, v.constraint_name, v.column_name, v.message, %s'
      ' from (select r.*, %s from (%s) as r where %s) as r'
      ' cross join lateral (values %s) as v (rule, sql_state, constraint_name, column_name, message, broken)'
      ' where v.broken',
    backlog_internal.malformed_action(p_table), v_flags, v_rows, v_any, v_values
  )
  using p_load_id, p_table.pipeline_table_id;
end;
$$;

comment on function backlog_internal.judge_rows(bigint, backlog_internal.pipeline_table) is
  $$Judge what a row shows by itself: required columns, check constraints, the pipeline's own checks.$$;
