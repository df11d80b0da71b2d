create or replace function backlog_internal.enqueue_unique(
  p_lane_id int,
  p_dedupe_key text,
  p_priority int,
  p_max_retries int,
  p_retry_delay_seconds int,
  p_backoff_multiplier numeric,
  p_run_at timestamptz,
  p_now timestamptz,
  p_expires_at timestamptz,
  p_plugin_name text,
  p_correlation_id text,
  p_tags text[],
  p_event_metadata jsonb,
  p_event_data jsonb,
  out id bigint,
  out event_id uuid,
  out inserted boolean
)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- A loop, because the item that holds the key may end between the two statements.
  loop
    insert into backlog_internal.retry_item (
      lane_id, dedupe_key, priority, max_retries, retry_delay_seconds, run_at, created_at, expires_at,
      backoff_multiplier, plugin_name, correlation_id, tags, event_metadata, event_data
    )
    values (
      p_lane_id, p_dedupe_key, p_priority, p_max_retries, p_retry_delay_seconds, p_run_at, p_now,
      p_expires_at, p_backoff_multiplier, p_plugin_name, p_correlation_id, p_tags,
      p_event_metadata, p_event_data
    )
    on conflict (lane_id, dedupe_key) where dedupe_key is not null do nothing
    returning retry_item.id, retry_item.event_id into id, event_id;

    if found then
      insert into backlog_internal.retry_ready (lane_id, priority, run_at, id)
      values (p_lane_id, p_priority, p_run_at, id);
      inserted := true;
      return;
    end if;

    select i.id, i.event_id
    into id, event_id
    from backlog_internal.retry_item as i
    where i.lane_id = p_lane_id
      and i.dedupe_key = p_dedupe_key;

    if found then
      inserted := false;
      return;
    end if;
  end loop;
end;
$$;

comment on function backlog_internal.enqueue_unique(
  int, text, int, int, int, numeric, timestamptz, timestamptz, timestamptz, text, text, text[], jsonb, jsonb
) is
  $$Insert an item unless a live item of the lane has the same dedupe key; return whichever is there.$$;
