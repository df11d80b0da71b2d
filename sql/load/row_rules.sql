create or replace function backlog_internal.row_rules(p_table backlog_internal.pipeline_table)
  returns table (
    rule text, sql_state text, constraint_name text, column_name text, broken_sql text, message text
  )
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select
    'required', '23502', null, c.column_name,
    case
      when c.column_name = any (p_table.key_columns) then format('r.%I is null', c.column_name)
      else format('not r.backlog_deleted and r.%I is null', c.column_name)
    end,
    format('column %I is missing or null', c.column_name)
  from backlog_internal.stable_columns(p_table.stable_table) as c
  where c.column_name = any (p_table.column_names)
    and (c.is_required or c.column_name = any (p_table.key_columns) and c.default_sql is null)
  union all
  select
    'check', '23514', k.conname, n.names,
    -- Names in the expression are the table's columns, which the rows have under the same names.
    format('not r.backlog_deleted and (%s) is false', pg_get_expr(k.conbin, k.conrelid)),
    format('row breaks check constraint %I', k.conname)
  from pg_constraint as k
  cross join lateral (
    select
      string_agg(a.attname, ', ' order by a.attnum) as names,
      bool_and(a.attname = any (p_table.column_names)) as is_filled
    from pg_attribute as a
    where a.attrelid = k.conrelid
      and a.attnum = any (k.conkey)
  ) as n
  where k.conrelid = p_table.stable_table
    and k.contype = 'c'
    and n.is_filled
    -- Since version 18 a check may be declared without being enforced.
    and coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)
  union all
  select
    'check', '23514', k.name, null,
    format('not r.backlog_deleted and (%s) is false', k.predicate),
    format('row breaks check %s of the pipeline', k.name)
  from backlog_internal.pipeline_check as k
  where k.pipeline_table_id = p_table.pipeline_table_id
$$;

comment on function backlog_internal.row_rules(backlog_internal.pipeline_table) is
  $$List the rules that each row of a delta table must keep by itself, as SQL that is true when broken.$$;
