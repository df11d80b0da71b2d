create or replace function backlog_internal.ensure_lane(
  p_event_type text,
  p_channel_name text,
  p_priority int
)
  returns int
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_lane_id int;
  v_used    boolean;
  v_policy  backlog_internal.retry_policy;
  v_gate_id int;
begin
  select l.lane_id, l.priorities & (1 << p_priority) <> 0
  into v_lane_id, v_used
  from backlog_internal.retry_lane as l
  where l.event_type = p_event_type
    and l.channel_name = p_channel_name;

  if v_used then
    return v_lane_id;
  end if;

  if v_lane_id is null then
    -- A change of policy waits for us or we for it: the lanes it governs must include this one.
    lock table backlog_internal.retry_policy in row exclusive mode;
    v_policy := backlog_internal.effective_policy(p_event_type);
    v_gate_id := backlog_internal.gate_for_lane(p_event_type, p_channel_name, v_policy);

    insert into backlog_internal.retry_lane
    (event_type, channel_name, gate_id, blocked_until, keep_event_data, max_retries, created_at)
    values (
      p_event_type, p_channel_name, v_gate_id,
      backlog_internal.lane_blocked_until(v_policy, v_gate_id), v_policy.keep_event_data,
      v_policy.max_retries, backlog_internal.clock()
    )
    on conflict (event_type, channel_name) do update set channel_name = excluded.channel_name
    returning lane_id into v_lane_id;
  end if;

  -- The mark first: whoever sees the bit may rely on the mark.
  insert into backlog_internal.retry_mark (lane_id, priority)
  values (v_lane_id, p_priority)
  on conflict (lane_id, priority) do nothing;

  update backlog_internal.retry_lane as l
  set priorities = l.priorities | (1 << p_priority)
  where l.lane_id = v_lane_id
    and l.priorities & (1 << p_priority) = 0;

  return v_lane_id;
end;
$$;

comment on function backlog_internal.ensure_lane(text, text, int) is
  $$Return the lane of an event type and channel, made ready for a priority on its first use.$$;
