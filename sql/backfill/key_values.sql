create or replace function backlog_internal.key_values(p_backfill backlog_internal.backfill, p_keys text[])
  returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select 'values ' || string_agg(format('(%s)', (
    select string_agg(format('%L::%s', u.value, u.type), ', ' order by u.place)
    from unnest(k.value::text[], p_backfill.key_types) with ordinality as u (value, type, place)
  )), ', ')
  from unnest(p_keys) as k (value)
$$;

comment on function backlog_internal.key_values(backlog_internal.backfill, text[]) is
  $$Write keys, each an array as text, as a list of values of SQL; null when there is none.$$;
