create or replace function backlog_internal.repair_chunks(p_backfill backlog_internal.backfill)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_files boolean := backlog_internal.writes_files(p_backfill.kind);
  v_ids   bigint[] := array(
    select c.chunk_id
    from backlog_internal.backfill_chunk as c
    where c.backfill_id = p_backfill.backfill_id
      and c.state = 'COMPLETED'
      and (c.source_rows, c.source_checksum) <> (c.destination_rows, c.destination_checksum)
      -- An upsert does not find rows without a key: they would be there twice.
      and (v_files or c.kind <> 'nulls')
      and (v_files or not exists (
        select from backlog_internal.backfill_difference as d where d.chunk_id = c.chunk_id
      ))
  );
begin
  delete from backlog_internal.backfill_difference as d where d.chunk_id = any (v_ids);
  -- With another id the destination takes it for a chunk of its own: what it says of the first copy does
  -- not hold for the second.
  update backlog_internal.backfill_chunk as c
  set
    chunk_id = default,
    replaces = case when v_files then c.chunk_id end,
    state = 'PENDING',
    attempts = 0,
    finished_at = null,
    verified_at = null,
    source_rows = null,
    source_checksum = null,
    destination_rows = null,
    destination_checksum = null
  where c.chunk_id = any (v_ids);
  return cardinality(v_ids);
end;
$$;

comment on function backlog_internal.repair_chunks(backlog_internal.backfill) is
  $$Open the chunks that differ, where the rows at fault are not known by key or cannot be replaced alone, to be
copied again as a whole; return how many.$$;
