create or replace function backlog_internal.tick_retry()
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now       timestamptz := backlog_internal.clock();
  v_rescued   int;
  v_swept     int;
  v_made      int;
  v_removed   bigint;
  v_forgotten int;
begin
  v_rescued := backlog_internal.rescue_leases(1000, v_now);
  v_swept := backlog_internal.sweep_marks();
  v_made := backlog_internal.ensure_history_partitions();
  v_removed := backlog.cleanup_retry_queue(backlog_internal.setting('history_retention_days')::int, 10000);

  delete from backlog_internal.listener as l where l.seen_at < v_now - interval '1 day';
  get diagnostics v_forgotten = row_count;

  return jsonb_build_object(
    'items_rescued', v_rescued,
    'marks_swept', v_swept,
    'partitions_made', v_made,
    'history_rows_removed', v_removed,
    'listeners_forgotten', v_forgotten
  );
end;
$$;

comment on function backlog_internal.tick_retry() is
  $$Keep house in the retry engine: expired leases, low-water marks, history partitions, old listeners.$$;
