create or replace function backlog.enqueue_retry_item(
  p_event_type text,
  p_event_data jsonb = '{}',
  p_channel_name text = '',
  p_plugin_name text = '',
  p_event_metadata jsonb = null,
  p_max_retries int = null,
  p_retry_delay_seconds int = null,
  p_backoff_multiplier numeric = null,
  p_priority int = 5,
  p_correlation_id text = null,
  p_tags text[] = null,
  p_dedupe_key text = null,
  p_run_at timestamptz = null,
  p_expires_at timestamptz = null,
  out id bigint,
  out event_id uuid
)
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem text := backlog_internal.item_problem(
    p_event_type, p_event_data, p_channel_name, p_plugin_name,
    p_max_retries, p_retry_delay_seconds, p_backoff_multiplier, p_priority
  );
  v_lane_id int;
  v_now     timestamptz;
  v_run_at  timestamptz;
  v_asleep  boolean;
begin
  if v_problem is not null then
    raise exception using
      errcode = 'PB003',
      message = v_problem,
      hint = 'Correct the argument and enqueue again; nothing was written.';
  end if;

  v_now := backlog_internal.write_clock();
  v_run_at := greatest(p_run_at, v_now);

  -- One look at what rarely changes: the lane, and whether a listener sleeps.
  select l.lane_id, exists (select 1 from backlog_internal.listener as s where s.idle_until > v_now)
  into v_lane_id, v_asleep
  from backlog_internal.retry_lane as l
  where l.event_type = p_event_type
    and l.channel_name = p_channel_name
    and l.priorities & (1 << p_priority) <> 0;

  if v_lane_id is null then
    v_lane_id := backlog_internal.ensure_lane(p_event_type, p_channel_name, p_priority);
    v_asleep := true;
  end if;

  if p_dedupe_key is null then
    insert into backlog_internal.retry_item (
      lane_id, priority, max_retries, retry_delay_seconds, run_at, created_at, expires_at,
      backoff_multiplier, plugin_name, correlation_id, tags, event_metadata, event_data
    )
    values (
      v_lane_id, p_priority, p_max_retries, p_retry_delay_seconds, v_run_at, v_now, p_expires_at,
      p_backoff_multiplier, p_plugin_name, p_correlation_id, p_tags, p_event_metadata, p_event_data
    )
    returning retry_item.id, retry_item.event_id into id, event_id;

    insert into backlog_internal.retry_ready (lane_id, priority, run_at, id)
    values (v_lane_id, p_priority, v_run_at, id);
  else
    select e.id, e.event_id
    into id, event_id
    from backlog_internal.enqueue_unique(
      v_lane_id, p_dedupe_key, p_priority, p_max_retries, p_retry_delay_seconds,
      p_backoff_multiplier, v_run_at, v_now, p_expires_at, p_plugin_name, p_correlation_id,
      p_tags, p_event_metadata, p_event_data
    ) as e;
  end if;

  if v_asleep and v_run_at <= v_now then
    perform backlog_internal.announce_work(p_event_type, v_now);
  end if;
end;
$$;

comment on function backlog.enqueue_retry_item(
  text, jsonb, text, text, jsonb, int, int, numeric, int, text, text[], text, timestamptz, timestamptz
) is
  $$Enqueue one retry item: a unit of work that must eventually succeed.

Returns its id and event_id. Joins the caller's transaction, so the item exists exactly when the
caller's own writes do. p_max_retries, p_retry_delay_seconds and p_backoff_multiplier default to the
policy of the event type. A higher p_priority (1 to 10) is claimed first. p_run_at delays the first
attempt; an item that is claimed after p_expires_at becomes a dead letter instead. While an item with
the same event type, channel and p_dedupe_key waits or is worked on, nothing is added and that item is
returned, so a producer may repeat the call.

Raises PB003 when an argument is out of range.$$;
