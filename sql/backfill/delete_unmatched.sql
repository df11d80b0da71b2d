create or replace function backlog_internal.delete_unmatched(
  p_backfill backlog_internal.backfill,
  p_target_where text,
  p_source_where text
)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set row_security = off
as $$
declare
  v_same text;
  v_gone bigint;
begin
  -- Texts are compared as the destination does, or its collation and the source's would be in conflict.
  select string_agg(
    format('x.%I = t.%I', k.name, k.name) || coalesce(' collate ' || nullif(a.attcollation, 0)::regcollation, ''),
    ' and ' order by k.place
  )
  into v_same
  from unnest(p_backfill.target_key) with ordinality as k (name, place)
  join pg_attribute as a on a.attrelid = p_backfill.target_table and a.attname = k.name;
  execute format(
    'delete from %s as t where %s and not exists ('
      'select from (select %s from %s as s where %s) as x (%s) where %s)',
    p_backfill.target_table, p_target_where,
    array_to_string(p_backfill.key_sql, ', '), p_backfill.source_table, p_source_where,
    backlog_internal.quoted_list(p_backfill.target_key),
    v_same
  );
  get diagnostics v_gone = row_count;
  return v_gone;
end;
$$;

comment on function backlog_internal.delete_unmatched(backlog_internal.backfill, text, text) is
  $$Delete the rows t of the destination for which one condition holds and whose key no row s of the source has
for which the other holds; return how many.$$;
