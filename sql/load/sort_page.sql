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
  v_page     bigint := nextval('backlog_internal.delta_page');
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
  insert into backlog_internal.load_verdict (
    load_id, pipeline_table_id, source, row_id, item_id, rule, sql_state, column_name, value, message, action
  )
  select
    -v_page, p_table.pipeline_table_id, p_table.staging_table, format('(%s,1)', p.row_position)::tid, p_item_id,
    p.rule, p.sql_state, p.column_name, p.value, p.message,
    case when p.rule = 'type' and p.column_name = any (v_nullable) then 'null_value' else 'quarantine_row' end
  from backlog_internal.page_problems(p_table, p_rows) as p;

  insert into backlog_internal.refused_row (
    batch_id, pipeline_table_id, source, row_id, item_id, state, row_data, row_key, row_version, arrival_page,
    arrival_position, reasons, quarantine_row_id, is_new
  )
  select
    -v_page, p_table.pipeline_table_id, p_table.staging_table, v.row_id, p_item_id,
    -- A row that is fine without the values at fault is kept without them.
    case when v.is_kept then 'value_dropped' else 'waiting' end,
    e.value,
    backlog_internal.typed_columns(p_table.delta_table, p_table.key_columns, e.value),
    backlog_internal.typed_columns(
      p_table.delta_table, array_remove(array[p_table.version_column], null), e.value
    ),
    v_page, e.place, v.reasons,
    nextval(pg_get_serial_sequence('backlog_internal.quarantine_row', 'quarantine_row_id')), true
  from jsonb_array_elements(p_rows) with ordinality as e (value, place)
  join (
    select
      u.row_id,
      bool_and(u.action = 'null_value') as is_kept,
      array_agg(distinct concat_ws(' ', u.rule, u.constraint_name, u.column_name)) as reasons
    from backlog_internal.load_verdict as u
    where u.load_id = -v_page
    group by u.row_id
  ) as v on v.row_id = format('(%s,1)', e.place)::tid;
  perform backlog_internal.file_refused(-v_page, p_table);
  perform backlog_internal.open_load_incidents(-v_page, p.name)
  from backlog_internal.pipeline as p
  where p.pipeline_id = p_table.pipeline_id;

  select
    coalesce(jsonb_agg(
      case when f.state = 'value_dropped' then e.value - (
        select array_agg(v.column_name)
        from backlog_internal.load_verdict as v
        where v.load_id = -v_page
          and v.row_id = f.row_id
      ) else e.value end
      order by e.place
    ) filter (where f.row_id is null or f.state = 'value_dropped'), '[]'),
    count(*) filter (where f.state = 'waiting')
  into o_good, o_refused
  from jsonb_array_elements(p_rows) with ordinality as e (value, place)
  left join backlog_internal.refused_row as f on f.batch_id = -v_page and f.arrival_position = e.place;

  delete from backlog_internal.load_verdict as v where v.load_id = -v_page;
  delete from backlog_internal.refused_row as f where f.batch_id = -v_page;
end;
$$;

comment on function backlog_internal.sort_page(backlog_internal.pipeline_table, jsonb, bigint) is
  $$Move the rows of a page that do not fit their table to quarantine; return the others.$$;
