create or replace function backlog_internal.deliver_slice(
  p_hook backlog_internal.hook,
  p_task jsonb,
  p_now timestamptz
)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_after   bigint := (p_task -> 'after_event_id')::bigint;
  v_last    bigint := (p_task -> 'last_event_id')::bigint;
  v_left    bigint := (p_task -> 'events_left')::bigint;
  v_limit   bigint := least(v_left, 100);
  v_events  backlog_internal.event[];
  v_found   bigint;
  v_through bigint;
begin
  -- An event at least, and no more than about a thousand records.
  select
    array_agg(s.event order by s.event_id) filter (where s.records_so_far <= 1000 or s.place = 1),
    max(s.event_id) filter (where s.records_so_far <= 1000 or s.place = 1),
    count(*)
  into v_events, v_through, v_found
  from (
    select
      e.event, e.event_id, row_number() over w as place,
      sum(coalesce(jsonb_array_length(e.records), 1)) over w as records_so_far
    from (
      select m as event, m.event_id, m.records
      from backlog_internal.matching_events(p_hook, p_task) as m
      where m.event_id > v_after
        and m.event_id <= v_last
      order by m.event_id
      limit v_limit
    ) as e
    window w as (order by e.event_id rows unbounded preceding)
  ) as s;

  if v_events is null then
    return null;
  end if;
  perform backlog_internal.deliver_events(
    v_events, array[p_hook], coalesce((p_task -> 'priority')::int, 5),
    (p_task -> 'replay')::bigint, p_now
  );
  v_left := v_left - cardinality(v_events);
  if v_left = 0 or (v_found < v_limit and v_found = cardinality(v_events)) then
    return null;
  end if;
  return p_task || jsonb_strip_nulls(jsonb_build_object(
    'after_event_id', v_through, 'events_left', v_left,
    'oldest_at', v_events[cardinality(v_events)].created_at
  ));
end;
$$;

comment on function backlog_internal.deliver_slice(backlog_internal.hook, jsonb, timestamptz) is
  $$Deliver the next events of a task to its hook; return the task that is left, null when it is done.$$;
