create or replace function backlog_internal.gate_for_lane(
  p_event_type text,
  p_channel_name text,
  p_policy backlog_internal.retry_policy,
  p_always boolean = false
)
  returns int
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_channel text := case p_policy.limit_scope when 'channel' then p_channel_name end;
  v_gate_id int;
begin
  select g.gate_id
  into v_gate_id
  from backlog_internal.retry_gate as g
  where g.event_type = p_event_type
    and g.channel_name is not distinct from v_channel;

  if v_gate_id is null
    and (p_always or coalesce(
      p_policy.rate_limit_per_second, p_policy.concurrency_limit, p_policy.breaker_threshold
    ) is not null)
  then
    insert into backlog_internal.retry_gate (event_type, channel_name, changed_at)
    values (p_event_type, v_channel, backlog_internal.clock())
    on conflict (event_type, channel_name) do update set event_type = excluded.event_type
    returning gate_id into v_gate_id;
  end if;

  return v_gate_id;
end;
$$;

comment on function backlog_internal.gate_for_lane(
  text, text, backlog_internal.retry_policy, boolean
) is
  $$Return the gate that a lane must pass, made when its policy limits anything or p_always is set.$$;
