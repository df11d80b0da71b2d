begin;
select plan(9);
set local test.now = '2030-01-01 12:00:00+00';

select backlog.enqueue_retry_item('api') from generate_series(1, 3);
select backlog.trip_circuit_breaker('api', null, 3600);
set local test.now = '2030-01-01 12:00:01+00';
select is(backlog.reset_circuit_breaker('api'), 1, 'one breaker is closed');
select results_eq(
  $$select b.state, b.failures, b.reopen_at, b.last_error, b.changed_at from backlog.circuit_breakers as b$$,
  $$values ('closed', 0, null::timestamptz, null::text, '2030-01-01 12:00:01+00'::timestamptz)$$, 'and forgets'
);
select is((select count(*) from backlog.acquire_retry_items('w')), 3::bigint, 'all may be claimed at once');

select backlog.set_retry_policy('scoped', p_limit_scope => 'channel');
select backlog.enqueue_retry_item('scoped', p_channel_name => c) from unnest('{a,b}'::text[]) as c;
select backlog.trip_circuit_breaker('scoped', null, 3600);
set local test.now = '2030-01-01 12:00:02+00';
select is(backlog.reset_circuit_breaker('scoped', 'a'), 1, 'one channel');
select results_eq($$select t.channel_name from backlog.acquire_retry_items('w') as t$$, $$values ('a')$$, 'only that one');
select is(backlog.reset_circuit_breaker('scoped'), 2, 'or all');
select throws_ok($$select backlog.reset_circuit_breaker('unknown')$$, 'PB005', 'event type unknown has no circuit breaker', 'an unknown event type');
select throws_ok($$select backlog.reset_circuit_breaker('scoped', 'z')$$, 'PB005', null, 'an unknown channel');
select throws_ok($$select backlog.reset_circuit_breaker(null)$$, 'PB005', null, 'a null event type');

select * from finish();
rollback;
