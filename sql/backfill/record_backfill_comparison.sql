create or replace function backlog.record_backfill_comparison(p_chunk_id bigint, p_comparison jsonb)
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_chunk    backlog_internal.backfill_chunk := backlog_internal.find_chunk(p_chunk_id);
  v_backfill backlog_internal.backfill;
begin
  -- Against a repair that begins, or a chunk that ends, at this moment.
  v_backfill := backlog_internal.find_backfill(v_chunk.backfill_id, true);
  perform backlog_internal.check_comparison(p_comparison, cardinality(v_backfill.key_columns));
  select c.* into v_chunk from backlog_internal.backfill_chunk as c where c.chunk_id = p_chunk_id for update;
  if v_chunk.state is distinct from 'COMPLETED'
    or v_chunk.kind in ('settle', 'touched', 'extra', 'repair')
    or (p_comparison ->> 'fence')::numeric <> backlog_internal.comparison_fence(v_chunk)
    or exists (
      select from backlog_internal.backfill_chunk as c
      where c.backfill_id = v_chunk.backfill_id and c.kind = 'repair' and c.state <> 'COMPLETED'
    )
  then
    raise exception using
      errcode = 'PB303',
      message = format('chunk %s is being written, or was written while it was compared', p_chunk_id),
      hint = 'Compare it once more when its backfill has ended.';
  end if;

  delete from backlog_internal.backfill_difference as d where d.chunk_id = p_chunk_id;
  insert into backlog_internal.backfill_difference (chunk_id, key, problem)
  select p_chunk_id, array(select jsonb_array_elements_text(d.found -> 'key')), d.found ->> 'problem'
  from jsonb_array_elements(p_comparison -> 'differences') as d (found);
  update backlog_internal.backfill_chunk as c
  set
    verified_at = backlog_internal.clock(),
    source_rows = (p_comparison ->> 'source_rows')::bigint,
    source_checksum = (p_comparison ->> 'source_checksum')::numeric,
    destination_rows = (p_comparison ->> 'destination_rows')::bigint,
    destination_checksum = (p_comparison ->> 'destination_checksum')::numeric
  where c.chunk_id = p_chunk_id
  returning c.* into v_chunk;
  return (v_chunk.source_rows, v_chunk.source_checksum)
    = (v_chunk.destination_rows, v_chunk.destination_checksum);
end;
$$;

comment on function backlog.record_backfill_comparison(bigint, jsonb) is
  $$Record what a client found when it compared a chunk of a writer with the source; return whether it is equal.

p_comparison is an object: fence as backlog.backfill_chunk_query gave it in comparison, source_rows,
source_checksum, destination_rows, destination_checksum, and differences, an array of objects with key, the
values of the chunk's key as text, and problem: missing, different or extra (in the destination, but not in
the source). backlog.repair_backfill copies these keys again; where a chunk differs and no key is given, all
of it.

Raises PB301 when there is no such chunk, PB303 when it was written since it began to be compared, PB003 when
the document has the wrong shape.$$;
