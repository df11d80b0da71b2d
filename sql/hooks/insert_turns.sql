create or replace function backlog_internal.insert_turns(
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
  v_keys text[];
  v_made bigint;
begin
  with turn as (
    insert into backlog_internal.hook_turn
      (hook_id, key, priority, correlation_id, event_data, created_at)
    select
      p_hook.hook_id,
      -- Records without the field share the empty key.
      coalesce(d.event_data -> 'record' ->> p_hook.order_key, ''),
      p_priority, d.correlation_id, d.event_data, p_now
    from backlog_internal.deliveries(p_events, p_hook, p_replay) as d
    order by (d.event_data ->> 'event_id')::bigint, (d.event_data ->> 'position')::int
    returning key
  )
  select count(*), array_agg(distinct t.key) into v_made, v_keys from turn as t;

  -- Only what is committed can be put in order, so that is done after the commit.
  if v_made > 0 then
    perform backlog_internal.enqueue_expansion(
      jsonb_build_object('task', 'turns', 'hook_id', p_hook.hook_id, 'keys', v_keys)
    );
  end if;
  return v_made;
end;
$$;

comment on function backlog_internal.insert_turns(
  backlog_internal.event[], backlog_internal.hook, int, bigint, timestamptz
) is
  $$Queue the deliveries of events to a hook that orders, and leave it to whoever delivers next to call the first.

Writers never wait for each other, nor for deliveries. Returns how many were queued.$$;
