create or replace function backlog_internal.repair_sql(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk
)
  returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select coalesce('(' || array_to_string(p_backfill.key_sql, ', ') || ') in (' || v.list || ')', 'false')
  from backlog_internal.repair_values(p_backfill, p_chunk) as v (list)
$$;

comment on function backlog_internal.repair_sql(backlog_internal.backfill, backlog_internal.backfill_chunk) is
  $$Write which rows of the source s have the keys that a chunk repairs.$$;
