create or replace function backlog_internal.deliveries(
  p_events backlog_internal.event[],
  p_hook backlog_internal.hook,
  p_replay bigint
)
  returns table (correlation_id text, event_data jsonb)
  language sql
  stable
as $$
  select e.correlation_id, backlog_internal.delivery_data(
    e, p_hook, r.place::int, r.value, e.details -> (r.place::int - 1), p_replay
  )
  from unnest(p_events) as e
  cross join jsonb_array_elements(e.records) with ordinality as r (value, place)
  where p_hook.mode = 'individual'
  union all
  select e.correlation_id, backlog_internal.delivery_data(
    e, p_hook, null, e.records, case e.record_count when 1 then e.details -> 0 end, p_replay
  )
  from unnest(p_events) as e
  where p_hook.mode = 'bulk'
$$;

comment on function backlog_internal.deliveries(backlog_internal.event[], backlog_internal.hook, bigint) is
  $$Return what a hook is told of events: one line per record, or per event in bulk.

Written so that the planner can inline it.$$;
