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
  set plan_cache_mode = force_generic_plan
as $$
declare
  -- As in insert_items: one strong random number, the item's id in its last 12 digits.
  v_uuid text := left(gen_random_uuid()::text, 24);
  v_made bigint;
begin
  with delivery as materialized (
    select
      h.hook_id, e.event_id, e.correlation_id, r.place, r.seen ->> h.order_key as key,
      coalesce(l.lane_id, backlog_internal.ensure_lane(h.event_type, '', p_priority)) as lane_id,
      backlog_internal.delivery_data(e, h, r.place::int, r.seen, p_replay) as event_data
    from unnest(p_hooks) as h
    cross join unnest(p_events) as e
    left join backlog_internal.retry_lane as l
      on l.event_type = h.event_type
      and l.channel_name = ''
      and l.priorities & (1 << p_priority) <> 0
    cross join lateral (
      select case h.payload
        when 'records' then e.records
        when 'keys' then backlog_internal.keys_of(e.records, e.pipeline, e.table_name)
      end as records
    ) as w
    cross join lateral (
      select null::bigint as place, w.records as seen
      where h.mode = 'bulk'
      union all
      select s.place, s.value
      from jsonb_array_elements(case h.mode when 'individual' then w.records end)
        with ordinality as s (value, place)
    ) as r
  ), at_once as materialized (
    select nextval('backlog_internal.retry_item_id_seq') as id, d.*
    from delivery as d
    where d.key is null
  ), stored as (
    insert into backlog_internal.retry_item (
      id, event_id, lane_id, priority, run_at, created_at, plugin_name, correlation_id, event_data
    )
    overriding system value
    select
      a.id, (v_uuid || lpad(to_hex(a.id), 12, '0'))::uuid, a.lane_id, p_priority, p_now, p_now,
      'hooks', a.correlation_id, a.event_data
    from at_once as a
  ), waiting as (
    insert into backlog_internal.retry_ready (lane_id, priority, run_at, id)
    select a.lane_id, p_priority, p_now, a.id from at_once as a
  ), turns as (
    insert into backlog_internal.hook_turn
      (hook_id, key, priority, correlation_id, event_data, created_at)
    select d.hook_id, d.key, p_priority, d.correlation_id, d.event_data, p_now
    from delivery as d
    where d.key is not null
    order by d.event_id, d.place
    returning hook_id, key
  ), told as (
    -- Only what is committed can be put in order: who calls next, after the commit, does that.
    select count(*) from (
      select backlog_internal.enqueue_expansion(jsonb_build_object(
        'task', 'turns', 'hook_id', t.hook_id, 'keys', jsonb_agg(distinct t.key)
      ))
      from turns as t
      group by t.hook_id
    ) as q
  )
  select count(*) into v_made from delivery as d cross join told;

  if exists (select from backlog_internal.listener as s where s.idle_until > p_now) then
    perform backlog_internal.announce_work(h.event_type, p_now) from unnest(p_hooks) as h;
  end if;
  return v_made;
end;
$$;

comment on function backlog_internal.deliver_events(
  backlog_internal.event[], backlog_internal.hook[], int, bigint, timestamptz
) is
  $$Make the deliveries of events to hooks, all in one statement; return how many.

Deliveries of a hook that orders take their turn in hook_turn; all others are due at once.$$;
