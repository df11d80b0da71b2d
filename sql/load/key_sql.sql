create or replace function backlog_internal.key_sql(p_columns text[], p_row text = 'r')
  returns text
  language sql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
  select case count(*)
    when 0 then 'null::jsonb'
    else format(
      'case when %s then jsonb_build_object(%s) end',
      string_agg(format('%I.%I is not null', p_row, k.name), ' and ' order by k.place),
      string_agg(format('%L, %I.%I', k.name, p_row, k.name), ', ' order by k.place)
    )
  end
  from unnest(p_columns) with ordinality as k (name, place)
  where k.name is not null
$$;

comment on function backlog_internal.key_sql(text[], text) is
  $$Write some columns of a row as a JSON object; null when one of them is null or none is asked for.$$;
