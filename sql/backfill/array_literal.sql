create or replace function backlog_internal.array_literal(p_array jsonb)
  returns text
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select format('{%s}', string_agg(
      case jsonb_typeof(e.value)
        when 'array' then backlog_internal.array_literal(e.value)
        when 'null' then 'null'
        else format('"%s"', regexp_replace(e.value #>> '{}', '(["\\])', '\\\1', 'g'))
      end, ',' order by e.place
    ))
    from jsonb_array_elements(p_array) with ordinality as e (value, place)
  );
end;
$$;

comment on function backlog_internal.array_literal(jsonb) is
  $$Write an array of JSON, of any depth, as PostgreSQL reads arrays.$$;
