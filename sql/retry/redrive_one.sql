create or replace function backlog_internal.redrive_one(
  p_dead backlog_internal.dead_letter,
  p_event_type text,
  p_run_at timestamptz,
  p_now timestamptz,
  p_dry_run boolean,
  p_force boolean
)
  returns text
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_policy backlog_internal.retry_policy := backlog_internal.effective_policy(p_event_type);
begin
  if p_dead.redrive_count >= v_policy.max_redrives and not p_force then
    return 'exhausted';
  end if;
  if exists (
    select 1
    from backlog_internal.retry_item as i
    where i.lane_id = p_dead.lane_id
      and i.dedupe_key = p_dead.dedupe_key
  ) then
    return 'duplicate';
  end if;
  if p_dry_run then
    return 'redriven';
  end if;

  insert into backlog_internal.retry_item (
    id, lane_id, priority, retry_count, redrive_count, max_retries, retry_delay_seconds, run_at,
    created_at, expires_at, event_id, backoff_multiplier, plugin_name, correlation_id, dedupe_key,
    tags, errors, event_metadata, event_data
  )
  overriding system value
  values (
    p_dead.id, p_dead.lane_id, p_dead.priority, 0, p_dead.redrive_count + 1, p_dead.max_retries,
    p_dead.retry_delay_seconds, p_run_at, p_dead.created_at,
    -- What had expired would only die again.
    case when p_dead.expires_at > p_run_at then p_dead.expires_at end,
    p_dead.event_id, p_dead.backoff_multiplier, p_dead.plugin_name, p_dead.correlation_id,
    p_dead.dedupe_key, p_dead.tags, p_dead.errors, p_dead.event_metadata, p_dead.event_data
  )
  on conflict (lane_id, dedupe_key) where dedupe_key is not null do nothing;
  if not found then
    return 'duplicate';
  end if;

  insert into backlog_internal.retry_ready (lane_id, priority, run_at, id)
  values (p_dead.lane_id, p_dead.priority, p_run_at, p_dead.id);
  perform backlog_internal.end_dead_letter(p_dead, 'redriven', null, p_now);
  return 'redriven';
end;
$$;

comment on function backlog_internal.redrive_one(
  backlog_internal.dead_letter, text, timestamptz, timestamptz, boolean, boolean
) is
  $$Put one locked dead letter back to work; return redriven, duplicate or exhausted.$$;
