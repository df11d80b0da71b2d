create or replace function backlog_internal.merge_columns(p_table backlog_internal.pipeline_table)
  returns table (column_name text, insert_sql text, update_sql text, differs_sql text)
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select
    c.column_name,
    case
      when c.column_name = any (p_table.late_columns) then 'null'
      when c.default_sql is not null then format('coalesce(r.%I, %s)', c.column_name, c.default_sql)
      else format('r.%I', c.column_name)
    end,
    u.value,
    case
      when c.column_name = any (p_table.late_columns) and c.column_name <> all (p_table.key_columns)
        then format('s.%I is distinct from r.%I', c.column_name, c.column_name)
      when u.value is null then null
      when c.compares then format('s.%I is distinct from %s', c.column_name, u.value)
      else format('s.%I::text collate "C" is distinct from (%s)::text collate "C"', c.column_name, u.value)
    end
  from backlog_internal.stable_columns(p_table.stable_table) as c
  cross join lateral (
    select case
      when c.column_name = any (p_table.key_columns) or c.is_key_only then null
      when c.column_name = any (p_table.late_columns) then format('s.%I', c.column_name)
      -- Null in a column that refuses null means: not given. What is there stays.
      when c.default_sql is not null then format('coalesce(r.%I, s.%I)', c.column_name, c.column_name)
      else format('r.%I', c.column_name)
    end as value
  ) as u
  where c.column_name = any (p_table.column_names)
  order by c.column_number
$$;

comment on function backlog_internal.merge_columns(backlog_internal.pipeline_table) is
  $$Write for each column what is inserted, what an update sets and when it differs (row r, stable s).

Key columns have no update. Those that are filled late only make a row differ.$$;
