create or replace function backlog_internal.work_chunk(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk
)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_chunk   backlog_internal.backfill_chunk := p_chunk;
  v_counts  record;
  v_code    text;
  v_message text;
begin
  perform backlog_internal.note_family(p_backfill);
  begin
    v_chunk := backlog_internal.size_chunk(p_backfill, p_chunk, true);
    if v_chunk.chunk_id is null then
      perform backlog.release_retry_items(array[p_chunk.item_id], array[p_chunk.lock_token]);
      return jsonb_build_object('action', 'planned', 'chunk_id', p_chunk.chunk_id);
    end if;
    if v_chunk.kind = 'touched' then
      v_counts := backlog_internal.copy_touched(p_backfill, v_chunk);
      v_chunk.rows_scanned := v_counts.touched;
      v_chunk.rows_matched := v_counts.touched;
      v_chunk.rows_written := v_counts.written;
    elsif v_chunk.kind = 'extra' then
      v_chunk.rows_written := backlog_internal.delete_extra(p_backfill, v_chunk);
      v_chunk.rows_matched := v_chunk.rows_written;
    else
      v_chunk := backlog_internal.copy_chunk(p_backfill, v_chunk);
    end if;
    v_chunk.rows_refused := 0;
  exception
    -- A cancelled statement is not among "others".
    when query_canceled or others then
      -- A user who cancels wants an end, not a smaller chunk.
      if sqlstate = '57014' and not backlog_internal.is_timeout(p_chunk.started_at) then
        raise;
      end if;
      v_code := sqlstate;
      v_message := sqlerrm;
  end;

  if v_code is not null then
    return backlog_internal.rescue_chunk(p_backfill, p_chunk.chunk_id, v_message, v_code);
  end if;
  v_chunk.bytes := v_chunk.rows_matched * p_backfill.row_width;
  perform backlog_internal.finish_chunk(p_backfill, v_chunk);
  return jsonb_build_object(
    'action', 'copied', 'chunk_id', v_chunk.chunk_id, 'rows', v_chunk.rows_matched,
    'written', v_chunk.rows_written
  );
end;
$$;

comment on function backlog_internal.work_chunk(
  backlog_internal.backfill, backlog_internal.backfill_chunk
) is
  $$Copy one claimed chunk to its table and complete its retry item; return what was done.$$;
