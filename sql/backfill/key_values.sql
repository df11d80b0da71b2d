create or replace function backlog_internal.key_values(p_backfill backlog_internal.backfill, p_keys text[])
  returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select 'values ' || string_agg(
    format('(%s)', backlog_internal.key_literals(k.value::text[], p_backfill.key_types)), ', '
  )
  from unnest(p_keys) as k (value)
$$;

comment on function backlog_internal.key_values(backlog_internal.backfill, text[]) is
  $$Write keys, each an array as text, as a list of values of SQL; null when there is none.$$;
