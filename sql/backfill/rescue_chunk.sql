create or replace function backlog_internal.rescue_chunk(
  p_backfill backlog_internal.backfill,
  p_chunk_id bigint,
  p_error text,
  p_error_code text
)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_chunk  backlog_internal.backfill_chunk;
  v_counts record;
  v_error  text := p_error;
  v_code   text := p_error_code;
begin
  select c.* into v_chunk from backlog_internal.backfill_chunk as c where c.chunk_id = p_chunk_id;
  if v_code = '57014' then
    if backlog_internal.split_chunk(p_backfill, v_chunk) then
      perform backlog.release_retry_items(array[v_chunk.item_id], array[v_chunk.lock_token]);
      return jsonb_build_object('action', 'split', 'chunk_id', p_chunk_id, 'reason', p_error);
    end if;
  elsif p_backfill.on_error = 'bisect' and v_chunk.kind <> 'extra'
    -- 0A000 is also what versions up to 17 say to NaN as an integer.
    and (left(v_code, 2) in ('22', '23', '21', '44', '54') or v_code in ('P0001', '0A000'))
  then
    begin
      if v_chunk.kind = 'touched' then
        v_counts := backlog_internal.bisect_keys(p_backfill, v_chunk);
        v_chunk.rows_scanned := v_counts.touched;
        v_chunk.rows_matched := v_counts.touched;
      else
        v_chunk := backlog_internal.size_chunk(p_backfill, v_chunk, false);
        v_counts := backlog_internal.bisect_chunk(p_backfill, v_chunk);
        v_chunk := backlog_internal.count_chunk(p_backfill, v_chunk);
      end if;
      v_chunk.rows_written := v_counts.written;
      v_chunk.rows_refused := cardinality(v_counts.refusals);
      v_chunk.bytes := v_chunk.rows_matched * p_backfill.row_width;
    exception
      when others then
        v_error := sqlerrm;
        v_code := sqlstate;
        v_counts := null;
    end;
    if v_counts is not null then
      perform backlog_internal.finish_chunk(p_backfill, v_chunk);
      perform backlog_internal.report_refusals(v_counts.refusals);
      return jsonb_build_object(
        'action', 'copied', 'chunk_id', p_chunk_id, 'rows', v_chunk.rows_matched,
        'written', v_chunk.rows_written, 'refused', v_chunk.rows_refused
      );
    end if;
  end if;
  return jsonb_build_object(
    'action', case backlog_internal.fail_chunk(p_backfill, v_chunk, v_error, v_code)
      when 'dead_letter' then 'failed' else 'retry' end,
    'chunk_id', p_chunk_id, 'error_code', v_code, 'reason', v_error
  );
end;
$$;

comment on function backlog_internal.rescue_chunk(backlog_internal.backfill, bigint, text, text) is
  $$Do what can be done for a chunk that could not be copied: halve it after a time-out, find the rows at
fault when the destination refused some, else retry it later or give it up. Return what was done.$$;
