create or replace function backlog.enqueue_retry_batch(
  p_event_type text,
  p_event_data jsonb,
  p_channel_name text = '',
  p_plugin_name text = '',
  p_max_retries int = null,
  p_retry_delay_seconds int = null,
  p_backoff_multiplier numeric = null,
  p_priority int = 5,
  p_correlation_id text = null,
  p_tags text[] = null,
  p_run_at timestamptz = null,
  p_expires_at timestamptz = null
)
  returns setof bigint
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem text := coalesce(
    case when jsonb_typeof(p_event_data) <> 'array' then 'event_data must be a jsonb array of payloads' end,
    backlog_internal.item_problem(
      p_event_type, p_event_data, p_channel_name, p_plugin_name,
      p_max_retries, p_retry_delay_seconds, p_backoff_multiplier, p_priority
    )
  );
  v_uuid    text := left(gen_random_uuid()::text, 24);
  v_lane_id int;
  v_now     timestamptz;
  v_run_at  timestamptz;
begin
  if v_problem is not null then
    raise exception using
      errcode = 'PB003',
      message = v_problem,
      hint = 'Correct the argument and enqueue again; nothing was written.';
  end if;

  v_lane_id := backlog_internal.ensure_lane(p_event_type, p_channel_name, p_priority);
  v_now := backlog_internal.write_clock();
  v_run_at := greatest(p_run_at, v_now);

  return query
  with item as materialized (
    select nextval('backlog_internal.retry_item_id_seq') as id, d.value as event_data
    from jsonb_array_elements(p_event_data) as d (value)
  ), stored as (
    insert into backlog_internal.retry_item (
      id, event_id, lane_id, priority, max_retries, retry_delay_seconds, run_at, created_at,
      expires_at, backoff_multiplier, plugin_name, correlation_id, tags, event_data
    )
    overriding system value
    select
      i.id, (v_uuid || lpad(to_hex(i.id), 12, '0'))::uuid, v_lane_id, p_priority, p_max_retries,
      p_retry_delay_seconds, v_run_at, v_now, p_expires_at, p_backoff_multiplier, p_plugin_name,
      p_correlation_id, p_tags, i.event_data
    from item as i
  ), waiting as (
    insert into backlog_internal.retry_ready (lane_id, priority, run_at, id)
    select v_lane_id, p_priority, v_run_at, i.id from item as i
  )
  select i.id from item as i;

  if v_run_at <= v_now then
    perform backlog_internal.announce_work(p_event_type, v_now);
  end if;
end;
$$;

comment on function backlog.enqueue_retry_batch(
  text, jsonb, text, text, int, int, numeric, int, text, text[], timestamptz, timestamptz
) is
  $$Enqueue many payloads of one kind: p_event_data is a jsonb array, all else holds for each.

Returns the ids in the order of the payloads. About twice as fast as enqueue_retry_items, which takes
items that differ in more than their payload, and dedupe keys.

Raises PB003 when an argument is out of range; then nothing is enqueued.$$;
