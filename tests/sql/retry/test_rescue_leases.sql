begin;
select plan(11);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.set_retry_policy('mail', p_max_retries => 2);

select backlog.enqueue_retry_item('mail', p_channel_name => 'c' || n % 2) from generate_series(1, 4) as n;
set local test.now = '2030-01-01 12:00:01+00';
create temp table taken as select * from backlog.acquire_retry_items('w', 10, 60);
select is(backlog_internal.rescue_leases(100, '2030-01-01 12:01:00+00'), 0, 'a lease that holds is left alone');
set local test.now = '2030-01-01 12:01:01+00';
select is(backlog_internal.rescue_leases(100, backlog_internal.clock()), 4, 'one that ran out is over for all its items');
select results_eq(
  $$select distinct i.status, i.retry_count, i.run_at, i.last_error, i.errors -> 0 ->> 'error_code' from backlog.retry_items as i$$,
  $$values ('pending', 1, '2030-01-01 12:01:01+00'::timestamptz, 'the lease of worker w ran out', 'lease_expired')$$,
  'the crash counts as an attempt and the item waits no longer'
);
select results_eq($$select distinct h.outcome, h.worker_id, h.error_code from backlog.retry_history as h$$, $$values ('failed', 'w', 'lease_expired')$$, 'the history knows whose crash it was');
select throws_ok(format('select backlog.complete_retry_item(%s, %L, %s)', max(t.id), 'w', max(t.lock_token)), 'PB001', null, 'the old worker cannot complete') from taken as t;

-- Any worker's claim that falls short rescues; a poison item dies
set local test.now = '2030-01-01 12:01:02+00';
select count(*) from backlog.acquire_retry_items('dead worker', 10, 60);
set local test.now = '2030-01-01 12:02:03+00';
select is_empty($$select * from backlog.acquire_retry_items('somebody else', 10, 60)$$, 'the second crash was the last one allowed');
select results_eq('select distinct d.reason, d.retry_count from backlog.dead_letters as d', $$values ('retries_exhausted', 2)$$, 'an item that kills its workers ends as a dead letter');

-- Bounded
select backlog.enqueue_retry_item('post') from generate_series(1, 5);
set local test.now = '2030-01-01 12:02:04+00';
select count(*) from generate_series(1, 5) as g, backlog.acquire_retry_items('w' || g, 1, 10);
set local test.now = '2030-01-01 12:03:00+00';
select is(backlog_internal.rescue_leases(2, backlog_internal.clock()), 2, 'no more leases than asked for');
select is(backlog_internal.rescue_leases(100, backlog_internal.clock()), 3, 'the rest later');
select is(backlog_internal.rescue_leases(100, backlog_internal.clock()), 0, 'then none');
set local test.now = '2030-01-01 12:03:01+00';
select is((select count(*) from backlog.acquire_retry_items('x')), 5::bigint, 'all can be claimed again');

select * from finish();
rollback;
