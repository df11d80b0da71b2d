create or replace function backlog_internal.last_key(p_backfill backlog_internal.backfill, p_where text)
  returns text[]
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
  set row_security = off
  set datestyle = 'ISO'
  set intervalstyle = 'postgres'
  set extra_float_digits = 1
as $$
declare
  v_key text[];
begin
  execute format(
    'select array[%s] from %s as s where %s order by %s limit 1',
    array_to_string(array(select k.sql || '::text' from unnest(p_backfill.key_sql) as k (sql)), ', '),
    p_backfill.source_table, p_where,
    array_to_string(array(select k.sql || ' desc' from unnest(p_backfill.key_sql) as k (sql)), ', ')
  )
  into v_key;
  return v_key;
end;
$$;

comment on function backlog_internal.last_key(backlog_internal.backfill, text) is
  $$Return the highest key among the rows of the source s for which a condition holds; null when there is none.$$;
