create or replace function backlog_internal.key_literals(p_key text[], p_types text[])
  returns text
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select string_agg(format('%L::%s', u.value, u.type), ', ' order by u.place)
    from unnest(p_key, p_types[:cardinality(p_key)]) with ordinality as u (value, type, place)
  );
end;
$$;

comment on function backlog_internal.key_literals(text[], text[]) is
  $$Write the values of a key, or of a prefix of one, as literals of their types, separated by commas.$$;
