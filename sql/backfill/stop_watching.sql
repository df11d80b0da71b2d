create or replace function backlog_internal.stop_watching(p_backfill_id bigint)
  returns boolean
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '100ms'
as $$
declare
  v_backfill backlog_internal.backfill := backlog_internal.find_backfill(p_backfill_id, true);
  v_reason   text;
begin
  if v_backfill.consistency <> 'converge' or v_backfill.unwatched_at is not null then
    return false;
  end if;
  v_reason := backlog_internal.watch_end_reason(v_backfill);
  if v_reason is null then
    return false;
  end if;

  begin
    perform backlog_internal.unwatch_keys(v_backfill);
  exception
    -- Whoever reads the table now is not disturbed; as long as the triggers are there nothing is missed.
    when lock_not_available or deadlock_detected or insufficient_privilege then
      update backlog_internal.backfill as b
      set
        throttled_at = coalesce(b.throttled_at, backlog_internal.clock()),
        throttle_reason = format('%s, but its triggers are still there: %s', v_reason, sqlerrm)
      where b.backfill_id = p_backfill_id;
      return false;
  end;
  update backlog_internal.backfill as b
  set reason = coalesce(b.reason || '; ', '') || v_reason || ', so changes are no longer noted'
  where b.backfill_id = p_backfill_id
    and b.state <> 'CANCELLED';
  return true;
end;
$$;

comment on function backlog_internal.stop_watching(bigint) is
  $$Take the triggers of a converging backfill off its table if it should no longer watch; tell whether it was done.

Waits no longer than a moment for who is at the table; the next tick tries again.$$;
