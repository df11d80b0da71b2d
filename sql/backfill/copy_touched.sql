create or replace function backlog_internal.copy_touched(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk,
  out touched bigint,
  out written bigint
)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_part record;
begin
  v_part := backlog_internal.copy_keys(p_backfill, greatest(p_backfill.batch_size, 5000));
  touched := v_part.touched;
  written := v_part.written;
  -- No more than were there when the chunk was made, or a busy table would keep it open for ever.
  if touched > 0 and touched < p_chunk.rows_estimated then
    perform backlog_internal.add_touched_chunk(p_backfill.backfill_id);
  end if;
end;
$$;

comment on function backlog_internal.copy_touched(
  backlog_internal.backfill, backlog_internal.backfill_chunk
) is
  $$Work a chunk of touched keys, at most a batch of them; the rest becomes another chunk.$$;
