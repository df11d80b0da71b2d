create or replace function backlog_internal.insert_deliveries(
  p_events backlog_internal.event[],
  p_hook backlog_internal.hook,
  p_priority int,
  p_replay bigint,
  p_now timestamptz
)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_generic_plan
as $$
declare
  v_uuid    text;
  v_lane_id int;
  v_made    bigint;
begin
  v_lane_id := backlog_internal.ensure_lane(p_hook.event_type, '', p_priority);
  if cardinality(p_events) = 1
    and (p_hook.mode = 'bulk' or jsonb_array_length(p_events[1].records) = 1)
  then
    return backlog_internal.insert_delivery(
      p_events[1], p_hook, v_lane_id, p_priority, p_replay, p_now
    );
  end if;

  -- As in insert_items: one strong random number, the item's id in its last 12 digits.
  v_uuid := left(gen_random_uuid()::text, 24);
  with delivery as materialized (
    select nextval('backlog_internal.retry_item_id_seq') as id, d.correlation_id, d.event_data
    from backlog_internal.deliveries(p_events, p_hook, p_replay) as d
  ), stored as (
    insert into backlog_internal.retry_item (
      id, event_id, lane_id, priority, run_at, created_at, plugin_name, correlation_id, event_data
    )
    overriding system value
    select
      d.id, (v_uuid || lpad(to_hex(d.id), 12, '0'))::uuid, v_lane_id, p_priority, p_now, p_now,
      'hooks', d.correlation_id, d.event_data
    from delivery as d
  ), waiting as (
    insert into backlog_internal.retry_ready (lane_id, priority, run_at, id)
    select v_lane_id, p_priority, p_now, d.id from delivery as d
  )
  select count(*) into v_made from delivery as d;
  return v_made;
end;
$$;

comment on function backlog_internal.insert_deliveries(
  backlog_internal.event[], backlog_internal.hook, int, bigint, timestamptz
) is
  $$Enqueue the deliveries of events to one hook, many in one statement; return how many.$$;
