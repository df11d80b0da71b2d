create or replace function backlog_internal.repair_values(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk
)
  returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select backlog_internal.key_values(p_backfill, array(
    select d.key::text
    from backlog_internal.backfill_difference as d
    where d.repair_chunk_id = p_chunk.chunk_id
    order by d.difference_id
  ))
$$;

comment on function backlog_internal.repair_values(
  backlog_internal.backfill, backlog_internal.backfill_chunk
) is
  $$Write the keys that a chunk repairs as a list of values; null when it has none.$$;
