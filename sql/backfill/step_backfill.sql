create or replace function backlog_internal.step_backfill(p_backfill backlog_internal.backfill)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_reason text;
  v_chunk  backlog_internal.backfill_chunk;
begin
  if p_backfill.paused_at is not null then
    return jsonb_build_object(
      'action', 'wait', 'paused', true,
      'reason', 'paused: ' || coalesce(p_backfill.pause_reason, 'no reason given')
    );
  end if;
  v_reason := backlog_internal.backfill_obstacle(p_backfill);
  if v_reason is not null then
    return jsonb_build_object('action', 'wait', 'reason', v_reason);
  end if;
  perform backlog_internal.hold_tables(p_backfill);
  v_reason := backlog_internal.look_for_changes(p_backfill);
  if v_reason is not null then
    perform backlog_internal.end_backfill(p_backfill.backfill_id, 'FAILED', 'changed while it ran: ' || v_reason);
    return jsonb_build_object('action', 'finished', 'reason', v_reason);
  end if;
  if not backlog_internal.take_slot(p_backfill) then
    return jsonb_build_object(
      'action', 'wait', 'reason', format('%s workers are busy with it', p_backfill.workers)
    );
  end if;
  if not backlog_internal.start_backfill(p_backfill) then
    return jsonb_build_object('action', 'wait', 'reason', 'another backfill of the series has begun');
  end if;

  v_chunk := backlog_internal.claim_chunk(p_backfill, 'sql:' || pg_backend_pid(), 3600);
  if v_chunk.chunk_id is null then
    return backlog_internal.advance_backfill(p_backfill.backfill_id);
  end if;
  return backlog_internal.work_chunk(p_backfill, v_chunk);
end;
$$;

comment on function backlog_internal.step_backfill(backlog_internal.backfill) is
  $$Work the next chunk of one backfill, or say what it waits for.$$;
