begin;
select plan(23);
set local test.now = '2030-01-01 12:00:00+00';

-- Rate limit: a token bucket
select backlog.set_retry_policy('rate', p_rate_limit_per_second => 2, p_rate_limit_burst => 5);
select backlog.enqueue_retry_item('rate', p_channel_name => 'c' || n % 2, p_priority => 1 + n % 2) from generate_series(1, 60) as n;
set local test.now = '2030-01-01 12:00:01+00';
select is((select count(*) from backlog.acquire_retry_items('w', 10)), 5::bigint, 'a full bucket gives its burst');
select is_empty($$select * from backlog.acquire_retry_items('v', 10)$$, 'and is empty then, for all workers');
set local test.now = '2030-01-01 12:00:01.4+00';
select is_empty($$select * from backlog.acquire_retry_items('v', 10)$$, 'a part of a token is none');
set local test.now = '2030-01-01 12:00:01.5+00';
select is((select count(*) from backlog.acquire_retry_items('v', 10)), 1::bigint, 'parts add up');
set local test.now = '2030-01-01 12:00:03+00';
select is((select count(*) from backlog.acquire_retry_items('v', 2)), 2::bigint, 'it refills with time');
select is((select b.tokens_left from backlog.circuit_breakers as b), 1::bigint, 'what was not taken stays');
set local test.now = '2030-01-01 13:00:00+00';
select is((select count(*) from backlog.acquire_retry_items('v', 10)), 5::bigint, 'but never above the burst');
set local test.now = '2030-01-01 12:59:00+00';
select is_empty($$select * from backlog.acquire_retry_items('v', 10)$$, 'a clock that goes back gives nothing');
-- Without a burst of its own; slower than one per second
select backlog.set_retry_policy('slow', p_rate_limit_per_second => 0.5);
select backlog.enqueue_retry_item('slow') from generate_series(1, 9);
set local test.now = '2030-01-01 14:00:00+00';
select is((select count(*) from backlog.acquire_retry_items('v', 10, 300, '{slow}')), 1::bigint, 'half a token per second: a bucket of one');
set local test.now = '2030-01-01 14:00:01.9+00';
select is_empty($$select * from backlog.acquire_retry_items('v', 10, 300, '{slow}')$$, 'the next after two seconds');
set local test.now = '2030-01-01 14:00:02+00';
select is((select count(*) from backlog.acquire_retry_items('v', 10, 300, '{slow}')), 1::bigint, 'indeed');
-- What passes while there is no limit is not owed later
select backlog.set_retry_policy('slow', p_rate_limit_per_second => 0);
select is((select count(*) from backlog.acquire_retry_items('v', 10, 300, '{slow}')), 7::bigint, 'without the limit all may pass');
select backlog.enqueue_retry_item('slow') from generate_series(1, 9);
select backlog.set_retry_policy('slow', p_rate_limit_per_second => 1);
set local test.now = '2030-01-01 14:00:03+00';
select is((select count(*) from backlog.acquire_retry_items('v', 10, 300, '{slow}')), 1::bigint, 'a new limit begins without debts');

-- Concurrency limit
select backlog.set_retry_policy('few', p_concurrency_limit => 4);
select backlog.enqueue_retry_item('few', p_channel_name => 'c' || n % 3) from generate_series(1, 20) as n;
set local test.now = '2030-01-01 15:00:00+00';
create temp table first as select * from backlog.acquire_retry_items('w', 3, 300, '{few}');
create temp table second as select * from backlog.acquire_retry_items('v', 10, 300, '{few}');
select is((select count(*) from first), 3::bigint, 'three of four');
select is((select count(*) from second), 1::bigint, 'one is left, over all channels and workers');
select is_empty($$select * from backlog.acquire_retry_items('u', 10, 300, '{few}')$$, 'then none');
select backlog.complete_retry_item(s.id, 'v', s.lock_token) from second as s;
select backlog.fail_retry_item(min(f.id), 'w', 'x', null, max(f.lock_token)) from first as f;
set local test.now = '2030-01-01 15:00:01+00';
select is((select count(*) from backlog.acquire_retry_items('u', 10, 10, '{few}')), 2::bigint, 'what ends makes room');
set local test.now = '2030-01-01 15:00:12+00';
select is((select count(*) from backlog.acquire_retry_items('u', 10, 10, '{few}')), 2::bigint, 'a crashed worker''s room comes back with its items');

-- Both, and a pause
select backlog.set_retry_policy('both', p_concurrency_limit => 3, p_rate_limit_per_second => 1, p_rate_limit_burst => 10);
select backlog.enqueue_retry_item('both') from generate_series(1, 20) as n;
set local test.now = '2030-01-01 16:00:00+00';
select is((select count(*) from backlog.acquire_retry_items('u', 10, 10, '{both}')), 3::bigint, 'the tighter limit counts');
select is((select b.tokens_left from backlog.circuit_breakers as b where b.event_type = 'both'), 7::bigint, 'and only what passed is paid for');

-- Per channel
select backlog.set_retry_policy('per', p_concurrency_limit => 2, p_limit_scope => 'channel');
select backlog.enqueue_retry_item('per', p_channel_name => 'c' || n % 2) from generate_series(1, 20) as n;
set local test.now = '2030-01-01 17:00:00+00';
select results_eq($$select t.channel_name, count(*) from backlog.acquire_retry_items('u', 20, 10, '{per}') as t group by 1 order by 1$$,
  $$values ('c0', 2::bigint), ('c1', 2)$$, 'per channel, each has its own limit');

-- A limit that comes later governs what is there
select backlog.enqueue_retry_item('late') from generate_series(1, 20) as n;
select backlog.set_retry_policy('late', p_concurrency_limit => 6);
set local test.now = '2030-01-01 18:00:00+00';
select is((select count(*) from backlog.acquire_retry_items('u', 20, 10, '{late}')), 6::bigint, 'a limit that comes later governs what waits');
-- Other event types are not held up
select backlog.enqueue_retry_item('free') from generate_series(1, 5) as n;
set local test.now = '2030-01-01 18:00:01+00';
select is((select count(*) from backlog.acquire_retry_items('u', 5, 10, '{late,free}')), 5::bigint, 'one at its limit does not hold up the others');

select * from finish();
rollback;
