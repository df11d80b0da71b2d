create or replace function backlog_internal.insert_delivery(
  p_event backlog_internal.event,
  p_hook backlog_internal.hook,
  p_lane_id int,
  p_priority int,
  p_replay bigint,
  p_now timestamptz
)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_bulk boolean := p_hook.mode = 'bulk';
  v_id      bigint;
begin
  insert into backlog_internal.retry_item (
    lane_id, priority, run_at, created_at, plugin_name, correlation_id, event_data
  )
  values (
    p_lane_id, p_priority, p_now, p_now, 'hooks', p_event.correlation_id,
    backlog_internal.delivery_data(
      p_event, p_hook, case when not v_is_bulk then 1 end,
      case when v_is_bulk then p_event.records else p_event.records -> 0 end,
      case when not v_is_bulk or p_event.record_count = 1 then p_event.details -> 0 end,
      p_replay
    )
  )
  returning id into v_id;

  insert into backlog_internal.retry_ready (lane_id, priority, run_at, id)
  values (p_lane_id, p_priority, p_now, v_id);
  return 1;
end;
$$;

comment on function backlog_internal.insert_delivery(
  backlog_internal.event, backlog_internal.hook, int, int, bigint, timestamptz
) is
  $$Enqueue the only delivery of an event to a hook; return 1. Much cheaper than a query over sets.$$;
