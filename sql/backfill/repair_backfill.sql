create or replace function backlog.repair_backfill(p_backfill_id bigint)
  returns bigint
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill := backlog_internal.find_backfill(p_backfill_id, true);
  v_keys     bigint := 0;
  v_chunks   bigint;
begin
  if v_backfill.state <> 'COMPLETED' then
    raise exception using
      errcode = 'PB303',
      message = format('backfill %s is %s and cannot be repaired', p_backfill_id, v_backfill.state),
      hint = 'Only one that is COMPLETED can.';
  end if;
  perform backlog_internal.check_fingerprint(v_backfill);
  -- Against those who compare some of them at this moment.
  perform backlog_internal.hold_chunks(p_backfill_id, array['COMPLETED']);
  if not exists (
    select from backlog_internal.backfill_chunk as c
    where c.backfill_id = p_backfill_id
      and (c.source_rows, c.source_checksum) <> (c.destination_rows, c.destination_checksum)
  ) then
    return 0;
  end if;
  if v_backfill.write_mode = 'append' and not backlog_internal.writes_files(v_backfill.kind) then
    perform backlog_internal.raise_invalid_backfill(
      format('backfill %s only appends, and cannot be repaired', p_backfill_id),
      'Rows that are there cannot be replaced. Correct them there, or empty the destination and make a new'
        ' backfill; one with a unique key and "mode": "upsert" can be repaired.'
    );
  end if;

  if v_backfill.plan_kind = 'blocks' then
    perform backlog_internal.raise_invalid_backfill(
      format('backfill %s was cut by blocks, and cannot be repaired', p_backfill_id),
      'Rows that changed since its snapshot are in other blocks now. Create a new backfill.'
    );
  end if;

  v_chunks := backlog_internal.repair_chunks(v_backfill);
  -- What is found now does not hold for long.
  update backlog_internal.backfill_chunk as c
  set
    verified_at = null,
    source_rows = null,
    source_checksum = null,
    destination_rows = null,
    destination_checksum = null
  where c.backfill_id = p_backfill_id
    and exists (select from backlog_internal.backfill_difference as d where d.chunk_id = c.chunk_id);
  if not backlog_internal.writes_files(v_backfill.kind) then
    v_keys := backlog_internal.repair_keys(v_backfill);
  end if;
  if v_keys + v_chunks = 0 then
    perform backlog_internal.raise_invalid_backfill(
      format('the rows of backfill %s that differ have no key by which they could be replaced', p_backfill_id),
      'Correct them in the destination by hand, or create a new backfill.'
    );
  end if;
  update backlog_internal.backfill as b
  set
    state = 'PENDING',
    phase = 'settle',
    reason = format('repairs %s keys and %s chunks', v_keys, v_chunks),
    -- Rows are copied as they are now, so not all are as of one moment any more.
    snapshot_number = null,
    snapshot_at = null,
    finished_at = null
  where b.backfill_id = p_backfill_id;
  perform backlog_internal.enqueue_chunks(p_backfill_id);
  return v_keys + v_chunks;
end;
$$;

comment on function backlog.repair_backfill(bigint) is
  $$Copy again what a comparison of source and destination found different; return how many keys and chunks.

The comparison is that of backlog.verify_backfill, or for writers of pgbacklog backfill verify. Where no key is
known whole chunks are copied again, and counted; so are those of files, which are written anew. Rows that the
source does not have, or that no longer match, are deleted from the destination. The backfill is PENDING again
and needs backlog.run_backfill_step, or a listener with its writer.

Raises PB301 when there is none, PB302 when it only appends to a database, its rows have no key or its chunks
were cut by blocks, PB303 when it is not COMPLETED, PB304 when tables or columns changed, 42501 when the
right to delete is missing.$$;
