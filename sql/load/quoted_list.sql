create or replace function backlog_internal.quoted_list(
  p_names text[],
  p_template text = '%I',
  p_separator text = ', '
)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(string_agg(
      -- A template may name the column several times.
      replace(p_template, '%I', quote_ident(n.name)), p_separator
      order by n.place
    ), '')
    from unnest(p_names) with ordinality as n (name, place)
  );
end;
$$;

comment on function backlog_internal.quoted_list(text[], text, text) is
  $$Write names as a list of SQL, each through a template in which %I is the name.$$;
