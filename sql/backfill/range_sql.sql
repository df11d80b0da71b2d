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
begin
  return (
    -- Row constructors, which an index on the columns can serve; a bound of fewer values is a prefix.
    select coalesce(string_agg(b.sql, ' and ' order by b.place), 'true')
    from (
      select
        v.place,
        format(
          case v.size when 1 then '%s %s %s' else '(%s) %s (%s)' end,
          array_to_string(p_key_sql[:v.size], ', '), v.operator,
          (
            select string_agg(format('%L::%s', u.value, u.type), ', ' order by u.place)
            from unnest(v.bound, p_key_types[:v.size]) with ordinality as u (value, type, place)
          )
        ) as sql
      from (
        values (1, p_lower, '>', cardinality(p_lower)), (2, p_upper, '<=', cardinality(p_upper))
      ) as v (place, bound, operator, size)
      where v.bound is not null
      union all
      -- A row constructor may be true although a later column is null; such rows are a chunk of their own.
      select 3, k.sql || ' is not null'
      from unnest(p_key_sql) as k (sql)
      where p_nullable
    ) as b
  );
end;
$$;

comment on function backlog_internal.range_sql(text[], text[], text[], text[], boolean) is
  $$Write a key range as SQL: above the lower bound, up to and with the upper one; null means no bound.$$;
