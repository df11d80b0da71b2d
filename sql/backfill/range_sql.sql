create or replace function backlog_internal.range_sql(
  p_key_sql text[],
  p_key_types text[],
  p_lower text[],
  p_upper text[],
  p_nullable boolean = false
)
  returns text
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_sql      text := '';
  v_bound    text[] := p_lower;
  v_operator text;
  v_size     int;
begin
  -- Row constructors, which an index on the columns can serve; a bound of fewer values is a prefix.
  foreach v_operator in array array['>', '<='] loop
    v_size := cardinality(v_bound);
    if v_size = 1 then
      v_sql := v_sql || format(' and %s %s %L::%s', p_key_sql[1], v_operator, v_bound[1], p_key_types[1]);
    elsif v_size > 1 then
      v_sql := v_sql || format(
        ' and (%s) %s (%s)', array_to_string(p_key_sql[:v_size], ', '), v_operator,
        backlog_internal.key_literals(v_bound, p_key_types)
      );
    end if;
    v_bound := p_upper;
  end loop;
  if p_nullable then
    -- A row constructor may be true although a later column is null; such rows are a chunk of their own.
    v_sql := v_sql || ' and ' || array_to_string(p_key_sql, ' is not null and ') || ' is not null';
  end if;
  return coalesce(nullif(substr(v_sql, 6), ''), 'true');
end;
$$;

comment on function backlog_internal.range_sql(text[], text[], text[], text[], boolean) is
  $$Write a key range as SQL: above the lower bound, up to and with the upper one; null means no bound.$$;
