create or replace function backlog_internal.end_chunk(p_backfill_id bigint)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill;
  v_done     jsonb;
begin
  -- Everybody who ends a chunk comes through this lock afterwards, so the last one sees all others.
  v_backfill := backlog_internal.find_backfill(p_backfill_id, true);
  if v_backfill.state in ('PENDING', 'EXECUTING') and not exists (
    select from backlog_internal.backfill_chunk as c
    where c.backfill_id = p_backfill_id
      and c.state = 'PENDING'
  ) then
    v_done := backlog_internal.advance_backfill(p_backfill_id);
    if v_done ->> 'action' = 'wait' then
      perform backlog.enqueue_retry_item(
        backlog_internal.backfill_event_type(v_backfill),
        jsonb_build_object('backfill_id', p_backfill_id),
        p_channel_name => p_backfill_id::text,
        p_priority => v_backfill.priority,
        p_correlation_id => 'backfill:' || p_backfill_id,
        p_run_at => backlog_internal.clock() + interval '1 second'
      );
    end if;
  end if;
  select jsonb_build_object('state', b.state, 'phase', b.phase) into v_done
  from backlog_internal.backfill as b
  where b.backfill_id = p_backfill_id;
  return v_done;
end;
$$;

comment on function backlog_internal.end_chunk(bigint) is
  $$Let a writer's backfill go on to its next phase or its end if no chunk is open; return its state.

When it has to wait for something else, an item without a chunk looks again.$$;
