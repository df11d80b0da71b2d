create or replace function backlog_internal.fail_chunk(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk,
  p_error text,
  p_error_code text,
  p_retry_after int = null
)
  returns text
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_outcome text;
begin
  if (
    backlog_internal.judge_failure(backlog_internal.backfill_event_type(p_backfill), p_error, p_error_code)
  ).action = 'trip' then
    perform backlog_internal.trip_destination(p_backfill, p_error);
  end if;
  select f.outcome into v_outcome
  from backlog.fail_retry_items(
    array[p_chunk.item_id], array[p_chunk.lock_token], array[p_error], array[p_error_code],
    array[p_retry_after]
  ) as f;
  update backlog_internal.backfill_chunk as c
  set
    error = p_error,
    error_code = p_error_code,
    state = case v_outcome when 'dead_letter' then 'FAILED' else c.state end,
    finished_at = case v_outcome when 'dead_letter' then backlog_internal.clock() end
  where c.chunk_id = p_chunk.chunk_id;
  -- What waits for its turn behind this one need not wait as long as this one will.
  perform backlog_internal.enqueue_chunks(p_backfill.backfill_id);
  if v_outcome = 'dead_letter' then
    perform backlog_internal.judge_backfill(p_backfill.backfill_id);
  end if;
  return v_outcome;
end;
$$;

comment on function backlog_internal.fail_chunk(
  backlog_internal.backfill, backlog_internal.backfill_chunk, text, text, int
) is
  $$Record that a chunk failed; return retry or dead_letter, as the failure rules decide.$$;
