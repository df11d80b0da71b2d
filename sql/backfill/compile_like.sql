create or replace function backlog_internal.compile_like(
  p_column text,
  p_type oid,
  p_collation oid,
  p_operator text,
  p_place int,
  p_filter jsonb
)
  returns text
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_pattern  text := p_filter ->> 'value';
  v_category text;
  v_schema   text;
  v_message  text;
begin
  select t.typcategory, n.nspname
  into v_category, v_schema
  from pg_type as t
  join pg_namespace as n on n.oid = t.typnamespace
  where t.oid = p_type;

  if v_category <> 'S' or jsonb_typeof(p_filter -> 'value') is distinct from 'string' then
    perform backlog_internal.raise_invalid_filter(
      p_place, p_filter,
      case v_category
        when 'S' then format('%s takes a pattern', p_operator)
        else format('a column of type %s has no %s', format_type(p_type, -1), p_operator)
      end,
      'LIKE and ILIKE compare text with a pattern: % for any characters, _ for one.'
    );
  end if;
  if v_pattern ~ '(^|[^\\])(\\\\)*\\$' then
    perform backlog_internal.raise_invalid_filter(
      p_place, p_filter, 'the pattern ends with an escape', 'Write two backslashes for one.'
    );
  end if;

  begin
    -- Not every collation has every kind of pattern, in every version of PostgreSQL.
    execute format('select ''''::text collate %s %s %L', p_collation::regcollation, p_operator, v_pattern);
  exception
    when feature_not_supported then
      v_message := sqlerrm;
      perform backlog_internal.raise_invalid_filter(
        p_place, p_filter, v_message, 'Use =, IN or BETWEEN, or copy from a view with another collation.'
      );
  end;

  -- The operators of an extension's type are not on the path; as text it has them.
  return format(
    '(%s%s %s %L)', p_column, case v_schema when 'pg_catalog' then '' else '::text' end,
    lower(p_operator), v_pattern
  );
end;
$$;

comment on function backlog_internal.compile_like(text, oid, oid, text, int, jsonb) is
  $$Write a LIKE or ILIKE filter as SQL, in parentheses.

Raises PB305 when the column is not text, its collation has no patterns, or the pattern is none.$$;
