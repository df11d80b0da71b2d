create or replace function backlog_internal.gone_sql(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk
)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_values text;
begin
  if p_chunk.kind <> 'repair'
    or not p_backfill.key_is_unique
    or p_backfill.target_key is distinct from backlog_internal.mapped_key(p_backfill)
  then
    return null;
  end if;
  v_values := backlog_internal.repair_values(p_backfill, p_chunk);
  if v_values is null then
    return null;
  end if;
  return format(
    -- The name is looked up last, when the table is locked: in another table no key would be found.
    'select k.* from (%s) as k (%s) where not exists (select from %s as s where (%s) = (%s) and (%s)) and %s',
    v_values, backlog_internal.quoted_list(p_backfill.key_columns), p_backfill.source_table,
    array_to_string(p_backfill.key_sql, ', '),
    backlog_internal.quoted_list(p_backfill.key_columns, 'k.%I'), p_backfill.where_sql,
    backlog_internal.same_table_sql(p_backfill.source_table)
  );
end;
$$;

comment on function backlog_internal.gone_sql(backlog_internal.backfill, backlog_internal.backfill_chunk) is
  $$Write the query for the keys, among those that a chunk repairs, that the source does not have: what the
destination has of them is to be deleted. Null when that cannot be told.$$;
