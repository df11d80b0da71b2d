create or replace function backlog_internal.key_pairs(p_table backlog_internal.pipeline_table)
  returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select string_agg(format('%L, r.%I', k.name, k.name), ', ' order by k.place)
  from unnest(p_table.key_columns) with ordinality as k (name, place)
$$;

comment on function backlog_internal.key_pairs(backlog_internal.pipeline_table) is
  $$Write the key of a row r as arguments of jsonb_build_object; null without a key.$$;
