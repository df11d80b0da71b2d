create or replace function backlog.keep_backfill_snapshot(p_backfill_id bigint, p_snapshot jsonb)
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_holders int[] := backlog_internal.snapshot_holders(p_backfill_id, (p_snapshot ->> 'number')::int);
begin
  -- When the session is gone under whose name others import the snapshot, this one steps in for it.
  update backlog_internal.backfill as b
  set
    snapshot_name = p_snapshot ->> 'name',
    snapshot_pid = (p_snapshot ->> 'pid')::int
  where b.backfill_id = p_backfill_id
    and b.snapshot_number = (p_snapshot ->> 'number')::int
    and b.snapshot_pid <> all (v_holders)
    and (p_snapshot ->> 'pid')::int = any (v_holders);

  return exists (
    select
    from backlog_internal.backfill as b
    where b.backfill_id = p_backfill_id
      and b.snapshot_number = (p_snapshot ->> 'number')::int
      and b.state in ('PENDING', 'EXECUTING')
  );
end;
$$;

comment on function backlog.keep_backfill_snapshot(bigint, jsonb) is
  $$Tell whether a backfill still wants the snapshot that a session holds for it.

For whoever holds one, every few seconds, with the document of backlog.export_backfill_snapshot: false
when the backfill has ended or was deleted, or has another snapshot; then the session should end its
transaction. While the backfill is paused it is wanted. If the session is gone whose name for the snapshot
was the known one, this one takes its place.$$;
