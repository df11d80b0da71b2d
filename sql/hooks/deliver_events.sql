create or replace function backlog_internal.deliver_events(
  p_events backlog_internal.event[],
  p_hooks backlog_internal.hook[],
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
  v_asleep boolean := exists (select from backlog_internal.listener as s where s.idle_until > p_now);
  v_events backlog_internal.event[];
  v_hook   backlog_internal.hook;
  v_made   bigint := 0;
begin
  -- A hook may act on an event before the disk has it, and must not meet it again as another.
  perform backlog_internal.commit_durably();
  -- A loop, because a hook has its own lane and its own view of the records.
  foreach v_hook in array p_hooks loop
    v_events := case v_hook.payload
      when 'records' then p_events
      else backlog_internal.reduce_events(p_events, v_hook.payload)
    end;

    if v_hook.order_key is null then
      v_made := v_made + backlog_internal.insert_deliveries(v_events, v_hook, p_priority, p_replay, p_now);
    else
      v_made := v_made + backlog_internal.insert_turns(v_events, v_hook, p_priority, p_replay, p_now);
    end if;
    if v_asleep then
      perform backlog_internal.announce_work(v_hook.event_type, p_now);
    end if;
  end loop;
  return v_made;
end;
$$;

comment on function backlog_internal.deliver_events(
  backlog_internal.event[], backlog_internal.hook[], int, bigint, timestamptz
) is
  $$Make the deliveries of events to hooks, a statement per hook; return how many.

Deliveries of a hook that orders take their turn in hook_turn; all others are due at once.$$;
