create or replace function backlog.resume_backfill(p_backfill_id bigint)
  returns int
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill := backlog_internal.find_backfill(p_backfill_id, true);
begin
  if v_backfill.state = 'COMPLETED' then
    raise exception using
      errcode = 'PB303',
      message = format('backfill %s is COMPLETED and has nothing to resume', p_backfill_id),
      hint = 'Make a new one; or repair it with backlog.repair_backfill after backlog.verify_backfill.';
  end if;
  perform backlog_internal.check_fingerprint(v_backfill);
  perform backlog_internal.check_snapshot(v_backfill);

  update backlog_internal.backfill as b
  set
    paused_at = null,
    pause_reason = null,
    state = case when b.state in ('FAILED', 'CANCELLED') then 'PENDING' else b.state end,
    reason = case when b.state in ('FAILED', 'CANCELLED') then 'resumed' end,
    finished_at = null
  where b.backfill_id = p_backfill_id;
  if v_backfill.unwatched_at is not null and v_backfill.phase in ('copy', 'converge') then
    perform backlog_internal.restart_backfill(v_backfill);
    return backlog_internal.enqueue_chunks(p_backfill_id);
  elsif v_backfill.state in ('FAILED', 'CANCELLED') then
    return backlog_internal.reopen_chunks(p_backfill_id);
  end if;
  return backlog_internal.enqueue_chunks(p_backfill_id);
end;
$$;

comment on function backlog.resume_backfill(bigint) is
  $$Let a backfill that was paused, failed or was cancelled go on where it stopped.

Chunks that are done stay done; failed ones are tried again. A converging one that no longer noted what
changed (unwatched_at in backlog.backfills) watches its table again and starts over. Returns how many chunks
were put into the queue.

Raises PB301 when there is none, PB303 when it is COMPLETED, PB304 when its table, columns, key or filters
changed since it was planned, or when the snapshot is lost in which chunks of it were copied.$$;
