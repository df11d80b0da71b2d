create or replace function backlog_internal.compile_filters(p_table regclass, p_filters jsonb)
  returns text
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if jsonb_typeof(p_filters) is distinct from 'array' then
    raise exception using
      errcode = 'PB305',
      message = format('the filters are no array: %s', coalesce(p_filters::text, 'null')),
      hint = 'Give [{"column": "status", "operator": "=", "value": "active"}], or [] for all rows.';
  end if;
  return (
    select string_agg(
      backlog_internal.compile_filter(p_table, f.value, f.place::int), ' and ' order by f.place
    )
    from jsonb_array_elements(p_filters) with ordinality as f (value, place)
  );
end;
$$;

comment on function backlog_internal.compile_filters(regclass, jsonb) is
  $$Write filters as one SQL condition over the source s, each in parentheses; null when there are none.

Raises PB305, naming the filter, when one cannot be used.$$;
