create or replace function backlog_internal.column_changes(p_table backlog_internal.pipeline_table)
  returns table (change text, old_name text, new_name text, statement text)
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  with old as (
    select n.name, n.number
    from unnest(p_table.column_names, p_table.column_numbers) as n (name, number)
  ),
  new as (
    select c.* from backlog_internal.stable_columns(p_table.stable_table) as c
  ),
  -- The same column under another name, not a new one in its place.
  renamed as (
    select o.name as old_name, n.column_name as new_name
    from old as o
    join new as n on n.column_number = o.number and n.column_name <> o.name
    where o.name not in (select m.column_name from new as m)
      and n.column_name not in (select m.name from old as m)
  )
  select
    'renamed', r.old_name, r.new_name,
    format('alter table %s rename column %I to %I', p_table.delta_table, r.old_name, r.new_name)
  from renamed as r
  union all
  select
    'dropped', o.name, null, format('alter table %s drop column %I', p_table.delta_table, o.name)
  from old as o
  where o.name not in (select n.column_name from new as n)
    and o.name not in (select r.old_name from renamed as r)
  union all
  select
    'added', null, n.column_name,
    format('alter table %s add column %I %s', p_table.delta_table, n.column_name, n.type_name)
  from new as n
  where n.column_name not in (select o.name from old as o)
    and n.column_name not in (select r.new_name from renamed as r)
    and n.column_name is distinct from p_table.delete_column
    -- Columns that existed when the table was added and were not chosen stay out.
    and (n.is_required or n.column_number > p_table.last_column_number)
  union all
  select
    'retyped', a.attname, n.column_name,
    format(
      'alter table %1$s alter column %2$I type %3$s using %4$I::text::%3$s',
      p_table.delta_table, n.column_name, n.type_name, n.column_name
    )
  from new as n
  left join renamed as r on r.new_name = n.column_name
  join pg_attribute as a
    on a.attrelid = p_table.delta_table
    and a.attname = coalesce(r.old_name, n.column_name)
    and not a.attisdropped
  where format_type(a.atttypid, a.atttypmod) <> n.type_name
$$;

comment on function backlog_internal.column_changes(backlog_internal.pipeline_table) is
  $$Compare a delta table with its stable table; list the changes and the statements that follow them.$$;
