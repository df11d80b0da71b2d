create or replace function backlog_internal.insert_items(
  p_items backlog_internal.new_item[],
  p_now timestamptz
)
  returns table (item_position int, id bigint, event_id uuid, outcome text)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return query
  with numbered as materialized (
    select
      nextval('backlog_internal.retry_item_id_seq') as id, gen_random_uuid() as event_id, l.lane_id,
      greatest(i.run_at, p_now) as due_at, i.*
    from unnest(p_items) as i
    join backlog_internal.retry_lane as l
      on l.event_type = i.event_type and l.channel_name = i.channel_name
  ), stored as (
    insert into backlog_internal.retry_item (
      id, event_id, lane_id, priority, max_retries, retry_delay_seconds, run_at, created_at,
      expires_at, backoff_multiplier, plugin_name, correlation_id, tags, event_metadata, event_data
    )
    overriding system value
    select
      n.id, n.event_id, n.lane_id, n.priority, n.max_retries, n.retry_delay_seconds, n.due_at, p_now,
      n.expires_at, n.backoff_multiplier, n.plugin_name, n.correlation_id, n.tags, n.event_metadata,
      n.event_data
    from numbered as n
  ), waiting as (
    insert into backlog_internal.retry_ready (lane_id, priority, run_at, id)
    select n.lane_id, n.priority, n.due_at, n.id from numbered as n
  )
  select n.place, n.id, n.event_id, 'inserted'::text from numbered as n;
end;
$$;

comment on function backlog_internal.insert_items(backlog_internal.new_item[], timestamptz) is
  $$Insert items that have no dedupe key, all in one statement; their lanes must exist.$$;
