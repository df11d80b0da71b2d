create or replace function backlog_internal.comparison_fence(p_chunk backlog_internal.backfill_chunk)
  returns bigint
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select coalesce(max(c.lock_token), 0)
  from backlog_internal.backfill_chunk as c
  where c.backfill_id = p_chunk.backfill_id
    and (c.chunk_id = p_chunk.chunk_id or c.kind in ('settle', 'repair'))
$$;

comment on function backlog_internal.comparison_fence(backlog_internal.backfill_chunk) is
  $$Return the highest lock token under which a writer may have written rows of a chunk: who compares it under
another one compares what is no longer there.$$;
