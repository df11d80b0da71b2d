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
  v_rest   backlog_internal.backfill_chunk := p_chunk;
  v_parts  backlog_internal.backfill_chunk[] := array[]::backlog_internal.backfill_chunk[];
  v_rows   int;
  v_window record;
  v_open   int;
begin
  if p_chunk.sized or p_chunk.kind not in ('range', 'settle') then
    return p_chunk;
  end if;
  v_rows := case p_chunk.kind
    when 'settle' then p_backfill.scan_size else backlog_internal.chunk_rows(p_backfill) end;
  select count(*) into v_open
  from (
    select from backlog_internal.backfill_chunk as c
    where c.backfill_id = p_backfill.backfill_id and c.state = 'PENDING'
    limit p_backfill.workers + 1
  ) as c;

  -- Several at once, which costs less for each than one at a time.
  for v_part in 1..least(p_backfill.workers, 4) * 16 loop
    v_window := backlog_internal.find_window(p_backfill, v_rest, v_rows);
    exit when v_window.end_key is null;
    v_parts := v_parts || backlog_internal.chunk_parts(v_rest, v_window.end_key, v_window.rows_estimated);
    v_rest := v_parts[cardinality(v_parts)];
    v_parts := v_parts[:cardinality(v_parts) - 1];
  end loop;
  v_rest.sized := v_window.end_key is null;
  perform backlog_internal.store_parts(v_parts || v_rest);
  if v_rest.sized then
    -- Nothing is left to be cut here: behind it comes the next range that waits for its turn.
    perform backlog_internal.enqueue_chunks(p_backfill.backfill_id, array(
      select c.chunk_id
      from backlog_internal.backfill_chunk as c
      where c.backfill_id = p_backfill.backfill_id
        and c.state = 'PENDING'
        and c.item_id is null
      order by c.chunk_id
      limit 1
    ));
  end if;

  if p_share and v_parts <> '{}' and p_backfill.workers > 1 and v_open <= p_backfill.workers then
    -- The others have too little to do: let them see at once what there is.
    return null;
  end if;
  select c.* into v_rest from backlog_internal.backfill_chunk as c where c.chunk_id = p_chunk.chunk_id;
  return v_rest;
end;
$$;

comment on function backlog_internal.size_chunk(
  backlog_internal.backfill, backlog_internal.backfill_chunk, boolean
) is
  $$Bring a chunk to its final size by cutting off the rest, as several chunks; return it.

With p_share, null means that other workers had too little to do: nothing is to be copied before they can
see what was cut off for them.$$;
