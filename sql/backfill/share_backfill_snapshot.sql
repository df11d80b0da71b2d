create or replace function backlog.share_backfill_snapshot(p_item_id bigint, p_lock_token bigint, p_snapshot jsonb)
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_number   int := (p_snapshot ->> 'number')::int;
  v_chunk    backlog_internal.backfill_chunk;
  v_backfill backlog_internal.backfill;
begin
  perform backlog_internal.check_lease(p_item_id, p_lock_token);
  v_chunk := backlog_internal.find_leased_chunk(p_item_id);
  v_backfill := backlog_internal.find_backfill(v_chunk.backfill_id, true);
  if v_backfill.snapshot_number = v_number then
    -- Either this call is repeated because its answer got lost, or another worker was quicker.
    return v_backfill.snapshot_name = p_snapshot ->> 'name' and v_backfill.snapshot_pid = (p_snapshot ->> 'pid')::int;
  elsif v_backfill.snapshot_number is distinct from v_number - 1
    or v_backfill.state not in ('PENDING', 'EXECUTING')
    or backlog_internal.has_copied(v_backfill.backfill_id)
    or (p_snapshot ->> 'pid')::int
      <> all (backlog_internal.snapshot_holders(v_backfill.backfill_id, v_number))
  then
    return false;
  end if;

  update backlog_internal.backfill as b
  set
    snapshot_number = v_number,
    snapshot_name = p_snapshot ->> 'name',
    snapshot_pid = (p_snapshot ->> 'pid')::int,
    snapshot_at = (p_snapshot ->> 'taken_at')::timestamptz,
    snapshot_files = p_snapshot -> 'files'
  where b.backfill_id = v_backfill.backfill_id;
  return true;
end;
$$;

comment on function backlog.share_backfill_snapshot(bigint, bigint, jsonb) is
  $$Make a snapshot known in which all chunks of a backfill are to be read; true when it is this one.

For workers of writers, with the item and lock token for which backlog.begin_backfill_chunk said hold, and
the document of backlog.export_backfill_snapshot. When several take one at a time, the first one counts;
the others get false and should end their transactions. In either case call backlog.begin_backfill_chunk
again.

Raises PB001 when the lease was lost, PB002 when there is no such item, PB301 when its backfill is gone.$$;
