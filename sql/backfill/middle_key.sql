create or replace function backlog_internal.middle_key(
  p_backfill backlog_internal.backfill,
  p_where text,
  p_place bigint
)
  returns text[]
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
  set datestyle = 'ISO'
  set intervalstyle = 'postgres'
  set extra_float_digits = 1
as $$
declare
  v_key text[];
begin
  execute format(
    -- The text is made of one row, not of all that are skipped.
    'select array[%s] from (select %s from %s as s where %s order by %s offset %s limit 1) as k (%s)',
    backlog_internal.quoted_list(p_backfill.key_columns, 'k.%I::text'), array_to_string(p_backfill.key_sql, ', '),
    p_backfill.source_table, p_where, array_to_string(p_backfill.key_sql, ', '), greatest(p_place - 1, 0),
    backlog_internal.quoted_list(p_backfill.key_columns)
  )
  into v_key;
  return v_key;
end;
$$;

comment on function backlog_internal.middle_key(backlog_internal.backfill, text, bigint) is
  $$Return the key at a place among the rows of the source s for which a condition holds.$$;
