create or replace function backlog.export_backfill_snapshot(p_backfill_id bigint, p_number int)
  returns jsonb
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill := backlog_internal.find_backfill(p_backfill_id);
begin
  if current_setting('transaction_isolation') not in ('repeatable read', 'serializable') then
    raise exception using
      errcode = 'PB303',
      message = format('a transaction that is %s keeps no snapshot', current_setting('transaction_isolation')),
      hint = 'Begin it with: begin isolation level repeatable read read only.';
  end if;
  -- The row is as of this snapshot, which is older than the moment at which its number is made known.
  if v_backfill.snapshot_number is distinct from p_number - 1 then
    raise exception using
      errcode = 'PB303',
      message = format('snapshot %s of backfill %s was taken already', p_number, p_backfill_id),
      hint = 'Ask again with backlog.begin_backfill_chunk.';
  end if;
  perform pg_advisory_xact_lock_shared(1346522182, backlog_internal.snapshot_key(p_backfill_id, p_number));
  -- It is to stay open for as long as the backfill runs.
  perform set_config(s.name, '0', true)
  from pg_settings as s
  where s.name in ('idle_in_transaction_session_timeout', 'transaction_timeout');
  return jsonb_build_object(
    'name', pg_export_snapshot(), 'number', p_number, 'pid', pg_backend_pid(),
    'taken_at', backlog_internal.clock(),
    'files', backlog_internal.snapshot_files(v_backfill.source_table)
  );
end;
$$;

comment on function backlog.export_backfill_snapshot(bigint, int) is
  $$Export the snapshot of this transaction for the chunks of a backfill, and hold it until its end.

For workers of writers, when backlog.begin_backfill_chunk says hold: in a transaction that is repeatable
read and read only, as its first statement, on a connection that does nothing else. A transaction that
has imported the snapshot may export it once more, so that it outlives the first holder. Returns the
document for backlog.share_backfill_snapshot.

Raises PB301 when there is no such backfill, PB303 when the transaction keeps no snapshot, or is later than
the snapshot of this number.$$;
