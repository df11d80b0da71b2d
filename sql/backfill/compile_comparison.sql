create or replace function backlog_internal.compile_comparison(
  p_column text,
  p_type oid,
  p_operator text,
  p_values text[],
  p_place int,
  p_filter jsonb
)
  returns text
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_array text := format('(array[%s]::%s[])', array_to_string(p_values, ', '), format_type(p_type, -1));
  v_equal text := backlog_internal.column_operator(p_type, '=');
begin
  begin
    if v_equal is not null and cardinality(p_values) > 0 then
      -- Whether the values within an array or a row can be compared turns out when it is tried.
      execute format('select %1$s %2$s %1$s', p_values[1], v_equal);
    end if;
  exception
    when undefined_function then
      v_equal := null;
  end;
  if v_equal is null then
    perform backlog_internal.raise_invalid_filter(
      p_place, p_filter, format('values of type %s cannot be compared', format_type(p_type, -1)),
      'Only IS NULL and IS NOT NULL work on this type; or write a predicate.'
    );
  end if;

  if p_operator in ('IN', 'NOT IN') and cardinality(p_values) = 0 then
    return case p_operator when 'IN' then '(false)' else '(true)' end;
  elsif p_operator in ('IN', 'NOT IN') and right(format_type(p_type, -1), 2) = '[]' then
    -- An array of arrays is one array of its elements, so arrays are compared one by one.
    return format('(%s)', (
      select string_agg(
        backlog_internal.compile_comparison(
          p_column, p_type, case p_operator when 'IN' then '=' else '!=' end, array[v.value], p_place, p_filter
        ),
        case p_operator when 'IN' then ' or ' else ' and ' end order by v.place
      )
      from unnest(p_values) with ordinality as v (value, place)
    ));
  end if;

  return case p_operator
    when 'IN' then format('(%s %s any %s)', p_column, v_equal, v_array)
    when 'NOT IN' then format(
      '(%s %s all %s)', p_column, backlog_internal.column_operator(p_type, '!='), v_array
    )
    when 'BETWEEN' then format(
      '(%s %s %s and %s %s %s)', p_column, backlog_internal.column_operator(p_type, '>='), p_values[1],
      p_column, backlog_internal.column_operator(p_type, '<='), p_values[2]
    )
    when 'IS DISTINCT FROM' then format(
      '(coalesce(%s %s %s, true))', p_column, backlog_internal.column_operator(p_type, '!='), p_values[1]
    )
    when 'IS NOT DISTINCT FROM' then format('(%s %s %s)', p_column, v_equal, p_values[1])
    else format('(%s %s %s)', p_column, backlog_internal.column_operator(p_type, p_operator), p_values[1])
  end;
end;
$$;

comment on function backlog_internal.compile_comparison(text, oid, text, text[], int, jsonb) is
  $$Write a filter that compares a column with values as SQL, in parentheses.

Raises PB305 when the type of the column has no order.$$;
