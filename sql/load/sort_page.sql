create or replace function backlog_internal.sort_page(
  p_table backlog_internal.pipeline_table,
  p_rows jsonb,
  p_item_id bigint,
  out o_good jsonb,
  out o_refused bigint
)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now      timestamptz := backlog_internal.clock();
  v_nullable text[];
begin
  v_nullable := case p_table.on_malformed
    when 'null_value' then array(
      select c.column_name
      from backlog_internal.stable_columns(p_table.stable_table) as c
      where not c.is_required
        and c.column_name <> all (p_table.key_columns)
    ) || p_table.delete_column
    else '{}'
  end;

  with problem as materialized (
    select p.* from backlog_internal.page_problems(p_table, p_rows) as p
  ),
  bad as materialized (
    select
      p.row_position,
      p.row_data,
      nextval(pg_get_serial_sequence('backlog_internal.quarantine_row', 'quarantine_row_id')) as id,
      -- A row that is fine without the values at fault is kept without them.
      bool_and(p.rule = 'type' and p.column_name = any (v_nullable)) as is_kept,
      array_agg(p.column_name) as column_names
    from problem as p
    group by p.row_position, p.row_data
  ),
  refused as (
    insert into backlog_internal.quarantine_row (
      quarantine_row_id, pipeline_id, pipeline_table_id, state, row_data, item_id, created_at, closed_at
    )
    select
      b.id, p_table.pipeline_id, p_table.pipeline_table_id,
      case when b.is_kept then 'value_dropped' else 'waiting' end,
      b.row_data, p_item_id, v_now, case when b.is_kept then v_now end
    from bad as b
  ),
  reason as (
    insert into backlog_internal.quarantine_violation (
      quarantine_row_id, rule, sql_state, column_name, value, message, found_at
    )
    select b.id, p.rule, p.sql_state, p.column_name, p.value, p.message, v_now
    from problem as p
    join bad as b on b.row_position = p.row_position
  )
  select
    coalesce(jsonb_agg(
      case when b.is_kept then e.value - b.column_names else e.value end
      order by e.place
    ) filter (where b.id is null or b.is_kept), '[]'),
    count(*) filter (where not b.is_kept)
  into o_good, o_refused
  from jsonb_array_elements(p_rows) with ordinality as e (value, place)
  left join bad as b on b.row_position = e.place;
end;
$$;

comment on function backlog_internal.sort_page(backlog_internal.pipeline_table, jsonb, bigint) is
  $$Move the rows of a page that do not fit their table to quarantine; return the others.$$;
