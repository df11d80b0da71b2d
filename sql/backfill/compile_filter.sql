create or replace function backlog_internal.compile_filter(p_table regclass, p_filter jsonb, p_place int)
  returns text
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_operator text := upper(regexp_replace(btrim(p_filter ->> 'operator'), '\s+', ' ', 'g'));
  v_value    jsonb := p_filter -> 'value';
  v_type     oid;
  v_collation oid;
  v_base     oid;
  v_column   text;
  v_values   text[];
begin
  if jsonb_typeof(p_filter) is distinct from 'object'
    or jsonb_typeof(p_filter -> 'column') is distinct from 'string'
    or jsonb_typeof(p_filter -> 'operator') is distinct from 'string'
    or p_filter - array['column', 'operator', 'value'] <> '{}'
  then
    perform backlog_internal.raise_invalid_filter(
      p_place, p_filter, 'it is not an object of a column, an operator and a value',
      'Give {"column": "status", "operator": "=", "value": "active"}.'
    );
  end if;
  select a.atttypid, a.attcollation, format('s.%I', a.attname), backlog_internal.base_type(a.atttypid)
  into v_type, v_collation, v_column, v_base
  from pg_attribute as a
  where a.attrelid = p_table
    and a.attname = p_filter ->> 'column'
    and a.attnum > 0
    and not a.attisdropped;
  if not found then
    perform backlog_internal.raise_invalid_filter(
      p_place, p_filter, format('%s has no column %I', p_table, p_filter ->> 'column'),
      'Column names are case sensitive here.'
    );
  end if;

  v_operator := case v_operator when '<>' then '!=' else v_operator end;
  if v_operator in ('IS NULL', 'IS NOT NULL') then
    if v_value is not null and jsonb_typeof(v_value) <> 'null' then
      perform backlog_internal.raise_invalid_filter(
        p_place, p_filter, format('%s takes no value', v_operator), 'Leave the value out.'
      );
    end if;
    -- "is null" of a composite asks its fields; here the value itself is meant.
    return format(
      '(%s is %s distinct from null)', v_column, case v_operator when 'IS NULL' then 'not' else '' end
    );
  elsif v_operator in ('IS DISTINCT FROM', 'IS NOT DISTINCT FROM')
    and coalesce(jsonb_typeof(v_value), 'null') = 'null'
  then
    return format(
      '(%s is %s distinct from null)', v_column, case v_operator when 'IS DISTINCT FROM' then '' else 'not' end
    );
  elsif v_operator in ('LIKE', 'ILIKE') then
    return backlog_internal.compile_like(v_column, v_type, v_collation, v_operator, p_place, p_filter);
  elsif v_operator in ('IN', 'NOT IN', 'BETWEEN') then
    if jsonb_typeof(v_value) is distinct from 'array'
      or jsonb_array_length(v_value) <> 2 and v_operator = 'BETWEEN'
    then
      perform backlog_internal.raise_invalid_filter(
        p_place, p_filter, format('%s takes an array of values', v_operator),
        'Write it as JSON, [1, 2]. BETWEEN takes two values, the first and the last; IN and NOT IN any number.'
      );
    end if;
    v_values := array(
      select backlog_internal.filter_literal(v_type, e.value, p_place, p_filter)
      from jsonb_array_elements(v_value) with ordinality as e (value, place)
      order by e.place
    );
  elsif v_operator in ('=', '!=', '<', '<=', '>', '>=', 'IS DISTINCT FROM', 'IS NOT DISTINCT FROM') then
    v_values := array[backlog_internal.filter_literal(v_type, v_value, p_place, p_filter)];
  else
    perform backlog_internal.raise_invalid_filter(
      p_place, p_filter, format('%s is no operator', p_filter ->> 'operator'),
      'Use =, !=, >, <, >=, <=, LIKE, ILIKE, IS NULL, IS NOT NULL, IN, NOT IN, BETWEEN or IS [NOT] DISTINCT FROM.'
    );
  end if;
  if v_base <> v_type then
    -- Not every operator finds its way through domains.
    v_column := format('%s::%s', v_column, format_type(v_base, -1));
    v_values := array(select format('%s::%s', v, format_type(v_base, -1)) from unnest(v_values) as v);
  end if;
  return backlog_internal.compile_comparison(v_column, v_base, v_operator, v_values, p_place, p_filter);
end;
$$;

comment on function backlog_internal.compile_filter(regclass, jsonb, int) is
  $$Write one filter as SQL over the source s, in parentheses.

Raises PB305 when it names no column, no operator or no value of the column's type.$$;
