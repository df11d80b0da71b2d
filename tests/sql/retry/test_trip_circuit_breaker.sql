begin;
select plan(16);
set local test.now = '2030-01-01 12:00:00+00';

select backlog.enqueue_retry_item('api', p_channel_name => c) from unnest('{a,b}'::text[]) as c;
select backlog.enqueue_retry_item('other');
set local test.now = '2030-01-01 12:00:01+00';
select is(backlog.trip_circuit_breaker('api', null, 30, 'they said so'), 2, 'all channels of an event type');
select results_eq(
  $$select b.event_type, b.channel_name, b.state, b.reopen_at, b.last_error from backlog.circuit_breakers as b$$,
  $$values ('api', null::text, 'open', '2030-01-01 12:00:31+00'::timestamptz, 'they said so')$$, 'the view shows it'
);
select results_eq($$select t.event_type from backlog.acquire_retry_items('w') as t$$, $$values ('other')$$, 'nothing is claimed there, the others go on');
set local test.now = '2030-01-01 12:00:31+00';
select is((select b.state from backlog.circuit_breakers as b), 'half_open', 'then it is half open');
create temp table probe as select * from backlog.acquire_retry_items('w');
select is((select count(*) from probe), 1::bigint, 'and lets one probe through');
select is_empty($$select * from backlog.acquire_retry_items('v')$$, 'but no more');
select backlog.complete_retry_item(p.id, 'w', p.lock_token) from probe as p;
select is((select b.state from backlog.circuit_breakers as b), 'closed', 'a probe that succeeds closes it');
set local test.now = '2030-01-01 12:00:32+00';
select is((select count(*) from backlog.acquire_retry_items('w')), 1::bigint, 'and work goes on');
select is((select max(i.retry_count) from backlog.retry_items as i), 0, 'no attempt was burnt');

-- The cooldown of the policy is the default; one channel
select backlog.set_retry_policy('scoped', p_limit_scope => 'channel', p_breaker_cooldown_seconds => 77);
select backlog.enqueue_retry_item('scoped', p_channel_name => c) from unnest('{a,b}'::text[]) as c;
set local test.now = '2030-01-01 12:00:33+00';
select is(backlog.trip_circuit_breaker('scoped', 'a'), 1, 'one channel');
select is((select b.reopen_at from backlog.circuit_breakers as b where b.channel_name = 'a'), '2030-01-01 12:01:50+00', 'for the cooldown of the policy');
select results_eq($$select t.channel_name from backlog.acquire_retry_items('w') as t$$, $$values ('b')$$, 'the other channel goes on');

select throws_ok($$select backlog.trip_circuit_breaker('api', null, 0)$$, 'PB003', 'seconds must be positive, not 0', 'no time');
select throws_ok($$select backlog.trip_circuit_breaker('unknown')$$, 'PB005', 'event type unknown has never had an item here', 'an unknown event type');
select throws_ok($$select backlog.trip_circuit_breaker('api', 'z')$$, 'PB005', null, 'an unknown channel');
select throws_ok($$select backlog.trip_circuit_breaker(null)$$, 'PB005', null, 'a null event type');

select * from finish();
rollback;
