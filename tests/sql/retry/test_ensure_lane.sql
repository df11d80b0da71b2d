begin;
select plan(8);
set local test.now = '2030-01-01 12:00:00+00';

create temp table lane as select backlog_internal.ensure_lane('mail', 'eu', 5) as id;
select is(backlog_internal.ensure_lane('mail', 'eu', 5), (select l.id from lane as l), 'one lane for an event type and channel');
select isnt(backlog_internal.ensure_lane('mail', '', 5), (select l.id from lane as l), 'another for another channel');
select is(backlog_internal.ensure_lane('mail', 'eu', 10), (select l.id from lane as l), 'the same for another priority');
select results_eq(
  $$select l.priorities, l.max_retries, l.keep_event_data, l.gate_id, l.blocked_until from backlog_internal.retry_lane as l join lane as x on x.id = l.lane_id$$,
  $$values ((1 << 5) | (1 << 10), 3, false, null::int, '-infinity'::timestamptz)$$, 'it knows its priorities and its policy'
);
select results_eq(
  $$select m.priority::int, m.low_at from backlog_internal.retry_mark as m join lane as x on x.id = m.lane_id order by 1$$,
  $$values (5, '-infinity'::timestamptz), (10, '-infinity')$$, 'each priority has its mark'
);
-- Made under a policy
select backlog.set_retry_policy('tight', p_max_retries => 9, p_keep_event_data => true, p_concurrency_limit => 1);
select backlog.pause_event_type('tight');
select backlog_internal.ensure_lane('tight', c, 1) from unnest('{a,b}'::text[]) as c;
select results_eq(
  $$select l.max_retries, l.keep_event_data, l.gate_id is not null, l.blocked_until
    from backlog_internal.retry_lane as l where l.event_type = 'tight' and l.channel_name = 'a'$$,
  $$values (9, true, true, 'infinity'::timestamptz)$$, 'a lane is made with limits and pause'
);
select is(
  (select l.gate_id from backlog_internal.retry_lane as l where l.event_type = 'tight' and l.channel_name = 'b'),
  (select l.gate_id from backlog_internal.retry_lane as l where l.event_type = 'tight' and l.channel_name = 'a'), 'lanes of an event type share a gate'
);
-- Made behind an open breaker
select backlog.resume_event_type('tight');
select backlog.trip_circuit_breaker('tight', null, 60);
select backlog_internal.ensure_lane('tight', 'c', 1);
select is(
  (select l.blocked_until from backlog_internal.retry_lane as l where l.event_type = 'tight' and l.channel_name = 'c'),
  '2030-01-01 12:01:00+00', 'an open breaker blocks a new lane too'
);

select * from finish();
rollback;
