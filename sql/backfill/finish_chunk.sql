create or replace function backlog_internal.finish_chunk(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform backlog_internal.note_family(p_backfill);
  update backlog_internal.backfill_chunk as c
  set
    state = 'COMPLETED',
    item_id = null,
    rows_scanned = p_chunk.rows_scanned,
    rows_matched = p_chunk.rows_matched,
    rows_written = p_chunk.rows_written,
    rows_refused = p_chunk.rows_refused,
    bytes = p_chunk.bytes,
    checksum = p_chunk.checksum,
    error = null,
    error_code = null,
    finished_at = backlog_internal.clock()
  where c.chunk_id = p_chunk.chunk_id;
  perform backlog_internal.report_chunk(p_backfill, p_chunk);
  -- Last, and in the same transaction as the rows: a lost lease undoes them.
  perform backlog.complete_retry_items(array[p_chunk.item_id], array[p_chunk.lock_token]);
end;
$$;

comment on function backlog_internal.finish_chunk(
  backlog_internal.backfill, backlog_internal.backfill_chunk
) is
  $$Record that a chunk was copied: counts, checkpoint event, and the end of its retry item.

Raises PB001 when its lease was lost.$$;
