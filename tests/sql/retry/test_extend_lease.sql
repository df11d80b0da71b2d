begin;
select plan(12);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.enqueue_retry_item('mail', p_channel_name => 'c' || n) from generate_series(1, 3) as n;
set local test.now = '2030-01-01 12:00:01+00';
create temp table taken as select * from backlog.acquire_retry_items('w', 10, 60);

set local test.now = '2030-01-01 12:00:31+00';
select is((select backlog.extend_lease(max(t.lock_token), 'w', 60) from taken as t), '2030-01-01 12:01:31+00'::timestamptz,
  'a heartbeat returns the new end');
select results_eq('select distinct i.leased_until from backlog.retry_items as i', $$values ('2030-01-01 12:01:31+00'::timestamptz)$$,
  'the whole batch is extended, over all its lanes');
select is((select backlog.extend_lease(max(t.lock_token), 'w', 5) from taken as t), '2030-01-01 12:01:31+00'::timestamptz,
  'a shorter one takes nothing back, and says so');
set local test.now = '2030-01-01 12:05:00+00';
select lives_ok(format('select backlog.extend_lease(%s, %L)', max(t.lock_token), 'w'),
  'a lease that has run out may be extended as long as nobody has the items') from taken as t;
select throws_like(format('select backlog.extend_lease(%s, %L)', max(t.lock_token), 'v'), 'PB001',
  'nothing is under lock token % any more', 'another worker cannot') from taken as t;
select throws_ok($$select backlog.extend_lease(null, 'w')$$, 'PB001', null, 'a null token');
select throws_ok(format('select backlog.extend_lease(%s, %L, 0)', max(t.lock_token), 'w'), 'PB003', null, 'no time') from taken as t;
select throws_ok(format('select backlog.extend_lease(%s, %L, null)', max(t.lock_token), 'w'), 'PB003', null, 'a null time') from taken as t;
select throws_ok(format('select backlog.extend_lease(%s, null)', max(t.lock_token)), 'PB003', null, 'no worker') from taken as t;
select is((select max(i.leased_until) from backlog.retry_items as i), '2030-01-01 12:10:00+00', 'nothing was changed');

set local test.now = '2030-01-01 12:10:00+00';
select is(backlog_internal.rescue_leases(100, backlog_internal.clock()), 3, 'at its end the lease is over');
select throws_ok(format('select backlog.extend_lease(%s, %L)', max(t.lock_token), 'w'), 'PB001', null,
  'a lost lease cannot be extended') from taken as t;

select * from finish();
rollback;
