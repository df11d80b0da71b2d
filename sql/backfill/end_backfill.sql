create or replace function backlog_internal.end_backfill(p_backfill_id bigint, p_state text, p_reason text = null)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill;
begin
  update backlog_internal.backfill as b
  set
    state = p_state,
    reason = p_reason,
    phase = case p_state when 'COMPLETED' then 'done' else b.phase end,
    throttled_at = null,
    throttle_reason = null,
    finished_at = backlog_internal.clock()
  where b.backfill_id = p_backfill_id
  returning b.* into v_backfill;
  perform backlog_internal.report_end(v_backfill);
  perform backlog_internal.withdraw_chunks(p_backfill_id, lower(p_state));
  perform backlog_internal.stop_watching(p_backfill_id);
  perform backlog_internal.commit_durably();
end;
$$;

comment on function backlog_internal.end_backfill(bigint, text, text) is
  $$Bring a backfill to COMPLETED, FAILED or CANCELLED, and take its waiting chunks out of the queue.

Raises PB303 when it cannot go there from where it is.$$;
