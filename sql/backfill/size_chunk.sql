create or replace function backlog_internal.size_chunk(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk,
  p_share boolean
)
  returns backlog_internal.backfill_chunk
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_chunk backlog_internal.backfill_chunk := p_chunk;
  v_rows  int;
  v_end   text[];
  v_count bigint;
  v_open  int;
begin
  if p_chunk.sized or p_chunk.kind not in ('range', 'settle') then
    return p_chunk;
  end if;
  v_rows := case p_chunk.kind
    when 'settle' then p_backfill.scan_size else backlog_internal.chunk_rows(p_backfill) end;
  v_end := backlog_internal.window_end(p_backfill, p_chunk, v_rows);
  if v_end is null then
    update backlog_internal.backfill_chunk as c
    set sized = true
    where c.chunk_id = p_chunk.chunk_id
    returning c.* into v_chunk;
    return v_chunk;
  end if;

  if p_share and p_backfill.workers > 1 then
    select count(*) into v_open
    from (
      select from backlog_internal.backfill_chunk as c
      where c.backfill_id = p_backfill.backfill_id and c.state = 'PENDING'
      limit p_backfill.workers + 1
    ) as c;
    if v_open <= p_backfill.workers then
      -- The others have too little to do: cut ahead for them and let them see it at once.
      for v_part in 1..p_backfill.workers * 4 loop
        v_count := backlog_internal.window_rows(p_backfill, v_chunk, v_end, v_rows);
        v_chunk := backlog_internal.cut_chunk(p_backfill, v_chunk, v_end, v_count, true);
        v_end := backlog_internal.window_end(p_backfill, v_chunk, v_rows);
        exit when v_end is null;
      end loop;
      return null;
    end if;
  end if;
  v_count := backlog_internal.window_rows(p_backfill, p_chunk, v_end, v_rows);
  return backlog_internal.cut_chunk(p_backfill, p_chunk, v_end, v_count);
end;
$$;

comment on function backlog_internal.size_chunk(
  backlog_internal.backfill, backlog_internal.backfill_chunk, boolean
) is
  $$Bring a chunk to its final size by cutting off the rest; return it.

With p_share, null means that several were cut off for other workers instead, and nothing is to be copied
before they can see them.$$;
