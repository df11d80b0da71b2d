create or replace function backlog.repair_backfill(p_backfill_id bigint)
  returns bigint
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill := backlog_internal.find_backfill(p_backfill_id, true);
  v_keys     bigint;
  v_chunks   bigint;
begin
  if v_backfill.state <> 'COMPLETED' then
    raise exception using
      errcode = 'PB303',
      message = format('backfill %s is %s and cannot be repaired', p_backfill_id, v_backfill.state),
      hint = 'Only one that is COMPLETED can.';
  end if;
  perform backlog_internal.check_fingerprint(v_backfill);

  with known as (
    delete from backlog_internal.backfill_difference as d
    using backlog_internal.backfill_chunk as c
    where c.chunk_id = d.chunk_id
      and c.backfill_id = p_backfill_id
    returning d.key
  )
  insert into backlog_internal.backfill_touched (backfill_id, key)
  select p_backfill_id, k.key from known as k;
  get diagnostics v_keys = row_count;
  -- Where the rows at fault are not known by key, the chunk is copied again.
  update backlog_internal.backfill_chunk as c
  set state = 'PENDING', verified_at = null, finished_at = null
  where c.backfill_id = p_backfill_id
    and v_keys = 0
    and v_backfill.write_mode = 'upsert'
    and (c.source_rows, c.source_checksum) <> (c.destination_rows, c.destination_checksum);
  get diagnostics v_chunks = row_count;
  if v_keys + v_chunks = 0 then
    return 0;
  end if;

  update backlog_internal.backfill as b
  set
    state = 'PENDING',
    phase = 'settle',
    reason = format('repairs %s keys and %s chunks', v_keys, v_chunks),
    finished_at = null
  where b.backfill_id = p_backfill_id;
  if v_keys > 0 then
    perform backlog_internal.check_backfill_rights(
      v_backfill.target_table, 'DELETE', v_backfill.created_by::name
    );
    perform backlog_internal.add_touched_chunk(p_backfill_id);
  end if;
  perform backlog_internal.enqueue_chunks(p_backfill_id);
  return v_keys + v_chunks;
end;
$$;

comment on function backlog.repair_backfill(bigint) is
  $$Copy again the keys at which backlog.verify_backfill found a difference; return how many.

Where no key is known, whole chunks are copied again, and counted.

Rows that the source does not have, or that no longer match, are deleted from the destination. The
backfill is PENDING again and needs backlog.run_backfill_step.

Raises PB301 when there is none, PB303 when it is not COMPLETED, PB304 when tables or columns changed,
42501 when the right to delete is missing.$$;
