create or replace function backlog_internal.delete_unmatched(
  p_backfill backlog_internal.backfill,
  p_target_where text,
  p_source_where text
)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_gone bigint;
begin
  execute format(
    'delete from %s as t where %s and not exists ('
      'select from (select %s from %s as s where %s) as x (%s) where %s)',
    p_backfill.target_table, p_target_where,
    array_to_string(p_backfill.key_sql, ', '), p_backfill.source_table, p_source_where,
    backlog_internal.quoted_list(p_backfill.target_key),
    backlog_internal.quoted_list(p_backfill.target_key, 'x.%I = t.%I', ' and ')
  );
  get diagnostics v_gone = row_count;
  return v_gone;
end;
$$;

comment on function backlog_internal.delete_unmatched(backlog_internal.backfill, text, text) is
  $$Delete the rows t of the destination for which one condition holds and whose key no row s of the source has
for which the other holds; return how many.$$;
