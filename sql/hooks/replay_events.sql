create or replace function backlog.replay_events(
  p_hook text = null,
  p_from timestamptz = null,
  p_to timestamptz = null,
  p_event_ids bigint[] = null,
  p_limit int = 1000,
  p_dry_run boolean = false,
  p_only_missed boolean = false
)
  returns table (hook text, events bigint, deliveries bigint)
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now    timestamptz := backlog_internal.write_clock();
  v_last   bigint := (select n.last_value from backlog_internal.event_number as n);
  v_replay bigint;
  v_hook   backlog_internal.hook;
  v_task   jsonb;
begin
  if (p_from is null and p_to is null and p_event_ids is null) or p_limit is null or p_limit < 1
    or p_dry_run is null or p_only_missed is null or array_position(p_event_ids, null) is not null
  then
    raise exception using
      errcode = 'PB003',
      message = 'say which events: from, to or event_ids; the limit must be positive',
      hint = 'Two points in time or a list of ids; p_dry_run true only counts. Nothing was replayed.';
  end if;
  perform backlog_internal.check_events(p_event_ids);
  if not p_dry_run then
    v_replay := nextval('backlog_internal.replay_number');
  end if;

  -- A loop, because every hook wants other events.
  for v_hook in
    select h.*
    from backlog_internal.hook as h
    where h.hook_id = (backlog_internal.find_hook(coalesce(p_hook, h.name))).hook_id
      and (h.enabled or p_hook is not null)
    order by h.name
  loop
    v_task := jsonb_strip_nulls(jsonb_build_object(
      'task', 'replay', 'hook_id', v_hook.hook_id, 'from', p_from, 'to', p_to,
      'event_ids', p_event_ids, 'undelivered', case when p_only_missed then true end,
      'replay', v_replay, 'priority', 3, 'events_left', p_limit,
      -- The key of events is by their ids: look no further than need be.
      'after_event_id', coalesce((select min(u.id) - 1 from unnest(p_event_ids) as u (id)), 0),
      'last_event_id', least(v_last, (select max(u.id) from unnest(p_event_ids) as u (id)))
    ));
    select
      v_hook.name, count(*),
      coalesce(sum(case v_hook.mode when 'bulk' then 1 else jsonb_array_length(m.records) end), 0)
    into hook, events, deliveries
    from (
      select e.records
      from backlog_internal.matching_events(v_hook, v_task) as e
      where e.event_id > (v_task -> 'after_event_id')::bigint
        and e.event_id <= (v_task -> 'last_event_id')::bigint
      order by e.event_id
      limit p_limit
    ) as m;
    continue when events = 0;

    if not p_dry_run then
      v_task := backlog_internal.deliver_slice(v_hook, v_task, v_now);
      if v_task is not null then
        perform backlog_internal.enqueue_expansion(v_task);
      end if;
    end if;
    return next;
  end loop;
end;
$$;

comment on function backlog.replay_events(
  text, timestamptz, timestamptz, bigint[], int, boolean, boolean
) is
  $$Deliver kept events again: to one hook, or to all enabled ones that want them.

Chooses events written from p_from until before p_to, or p_event_ids, oldest first, at most p_limit per
hook; with p_only_missed those that were not delivered to the hook when they were written, such as while
it was disabled. A replayed delivery has the same idempotency_key as the first, and a replay number.
p_dry_run only counts. Returns the events and deliveries by hook; what does not fit a slice is made after
the commit by listeners and run_sql_hooks. Events are kept for event_retention_days.

Raises PB201 when there is no such hook, PB205 when an event is not kept any more, PB003 when no event is
asked for.$$;
