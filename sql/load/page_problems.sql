create or replace function backlog_internal.page_problems(
  p_table backlog_internal.pipeline_table,
  p_rows jsonb
)
  returns table (
    row_position int, row_data jsonb, rule text, sql_state text, column_name text, value text, message text
  )
  language sql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
  with element as (
    select e.place::int as place, e.value as row_data
    from jsonb_array_elements(p_rows) with ordinality as e (value, place)
  ),
  column_of as (
    select c.name from unnest(backlog_internal.delta_columns(p_table)) as c (name)
  ),
  bad as materialized (
    select e.place, e.row_data
    from element as e
    where case jsonb_typeof(e.row_data)
      when 'object' then backlog_internal.row_error(p_table.delta_table, e.row_data) is not null
      else false
    end
  )
  select
    e.place, e.row_data, 'shape', '22023', null, left(e.row_data::text, 200),
    format('row is %s, not an object', jsonb_typeof(e.row_data))
  from element as e
  where jsonb_typeof(e.row_data) <> 'object'
  union all
  select b.place, b.row_data, 'type', r.error[1], c.name, left(b.row_data ->> c.name, 200), r.error[2]
  from bad as b
  join column_of as c on b.row_data ? c.name
  cross join lateral backlog_internal.row_error(
    p_table.delta_table, jsonb_build_object(c.name, b.row_data -> c.name)
  ) as r (error)
  where r.error is not null
  union all
  select
    e.place, e.row_data, 'unknown_field', '42703', k.name, left(e.row_data ->> k.name, 200),
    format('field %L is no column', k.name)
  from element as e
  cross join lateral jsonb_object_keys(
    case jsonb_typeof(e.row_data) when 'object' then e.row_data else '{}' end
  ) as k (name)
  where p_table.on_unknown_field = 'reject'
    and k.name not in (select c.name from column_of as c)
  order by 1, 5
$$;

comment on function backlog_internal.page_problems(backlog_internal.pipeline_table, jsonb) is
  $$List what is wrong with the shape and types of a page: one row per violation.$$;
