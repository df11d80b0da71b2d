begin;
select plan(9);
set local test.now = '2030-01-01 12:00:00+00';

select backlog.enqueue_retry_item('mail', p_channel_name => 'c' || n, p_priority => p, p_run_at => '2030-01-01 12:00:00+00'::timestamptz + n * interval '1 minute')
from generate_series(1, 3) as n, unnest('{2,7}'::int[]) as p;
create function pg_temp.due(p_now timestamptz, p_types text[] = null, p_limit int = 100, p_first int = 1) returns text language sql as $$
  select string_agg(l.channel_name || '/' || d.priority, ' ' order by d.place)
  from unnest(backlog_internal.due_lanes(p_first, 2147483647, p_types, p_now, p_limit)) with ordinality as d (lane_id, priority, gate_id, low_at, low_id, place)
  join backlog_internal.retry_lane as l on l.lane_id = d.lane_id;
$$;
select is(pg_temp.due('2030-01-01 12:00:30+00'), null, 'nothing is due');
select is(pg_temp.due('2030-01-01 12:02:00+00'), 'c1/7 c1/2 c2/7 c2/2', 'each lane and priority with a due item, high priorities first');
select is(pg_temp.due('2030-01-01 12:03:00+00', p_limit => 3), 'c1/7 c1/2 c2/7', 'no more than asked for');
select is(pg_temp.due('2030-01-01 12:03:00+00', '{mail,x}'), 'c1/7 c1/2 c2/7 c2/2 c3/7 c3/2', 'of some event types');
select is(pg_temp.due('2030-01-01 12:03:00+00', '{x}'), null, 'or of others');
select is(pg_temp.due('2030-01-01 12:03:00+00', p_first => (select l.lane_id from backlog_internal.retry_lane as l where l.channel_name = 'c3')), 'c3/7 c3/2',
  'from a lane on');
select backlog.trip_circuit_breaker('mail', 'c2', 3600);
select is(pg_temp.due('2030-01-01 12:03:00+00'), null, 'a breaker of the event type blocks all its lanes');
select is(pg_temp.due('2030-01-01 13:00:00+00'), 'c1/7 c1/2 c2/7 c2/2 c3/7 c3/2', 'until it lets probes through');
select backlog.pause_event_type('mail');
select is(pg_temp.due('2099-01-01 00:00:00+00'), null, 'a pause has no end of its own');

select * from finish();
rollback;
