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
    '(%s) in (%s) and (%s)', array_to_string(p_backfill.key_sql, ', '), p_values, p_backfill.where_sql
  );
  v_gone   bigint;
begin
  -- What is no longer in the source, or no longer matches, goes; then what is there is written.
  v_gone := backlog_internal.delete_unmatched(
    p_backfill, format('(%s) in (%s)', v_target, p_values), v_where
  );
  return v_gone + backlog_internal.copy_rows(p_backfill, v_where);
end;
$$;

comment on function backlog_internal.match_keys(backlog_internal.backfill, text) is
  $$Make the destination equal to the source at the keys given, a list of values or a query of them.
Return how many rows were deleted or written.$$;
