create or replace function backlog_internal.match_keys(
  p_backfill backlog_internal.backfill,
  p_values text
)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_target text := backlog_internal.quoted_list(p_backfill.target_key, 't.%I');
  v_where  text := format(
    '%s and (%s)',
    case when p_values is null then 'true'
      else format('(%s) in (%s)', array_to_string(p_backfill.key_sql, ', '), p_values) end,
    p_backfill.where_sql
  );
  v_gone   bigint;
begin
  -- What is no longer in the source, or no longer matches, goes; then what is there is written.
  execute format(
    'delete from %s as t where %s and not exists ('
      'select from (select %s from %s as s where %s) as x (%s) where %s)',
    p_backfill.target_table,
    case when p_values is null then 'true' else format('(%s) in (%s)', v_target, p_values) end,
    array_to_string(p_backfill.key_sql, ', '), p_backfill.source_table, v_where,
    backlog_internal.quoted_list(p_backfill.target_key),
    backlog_internal.quoted_list(p_backfill.target_key, 'x.%I = t.%I', ' and ')
  );
  get diagnostics v_gone = row_count;
  return v_gone + backlog_internal.copy_rows(p_backfill, v_where);
end;
$$;

comment on function backlog_internal.match_keys(backlog_internal.backfill, text) is
  $$Make the destination equal to the source at the keys given, a list of values or a query of them; null means
at all. Return how many rows were deleted or written.$$;
