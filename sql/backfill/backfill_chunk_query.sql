create or replace function backlog.backfill_chunk_query(p_chunk_id bigint)
  returns jsonb
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_chunk    backlog_internal.backfill_chunk := backlog_internal.find_chunk(p_chunk_id);
  v_backfill backlog_internal.backfill;
begin
  v_backfill := backlog_internal.find_backfill(v_chunk.backfill_id);
  perform backlog_internal.check_fingerprint(v_backfill);
  return backlog_internal.chunk_order(v_backfill, v_chunk)
    || jsonb_build_object('comparison', backlog_internal.comparison_order(v_backfill, v_chunk));
end;
$$;

comment on function backlog.backfill_chunk_query(bigint) is
  $$Return what backlog.begin_backfill_chunk returns for a chunk to be copied, without beginning it.

For clients that compare what a writer has brought to its destination with the source. What they need for
it is in comparison: the query with the key of each row as its last column, and the fence to be given to
backlog.record_backfill_comparison.

Raises PB301 when there is no such chunk, PB304 when its table, columns, key or filters changed.$$;
