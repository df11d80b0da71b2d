begin;
select plan(10);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.enqueue_retry_item('mail') from generate_series(1, 3) as n;
set local test.now = '2030-01-01 12:00:01+00';
create temp table taken as select * from backlog.acquire_retry_items('w', 2, 60);
create temp table one as select min(t.id) as id, max(t.lock_token) as token from taken as t;

set local test.now = '2030-01-01 12:00:31+00';
select is((select backlog.extend_retry_item(o.id, 'w') from one as o), '2030-01-01 12:05:31+00'::timestamptz, 'id and worker are enough');
select is((select backlog.extend_retry_item(o.id, 'w', o.token, 600) from one as o), '2030-01-01 12:10:31+00'::timestamptz, 'token and time may be given');
select results_eq('select distinct s.leased_until from backlog_internal.retry_lease as s', $$values ('2030-01-01 12:10:31+00'::timestamptz)$$,
  'the lease belongs to the batch');
select throws_ok(format('select backlog.extend_retry_item(%s, %L)', o.id, 'v'), 'PB001', null, 'another worker cannot') from one as o;
select throws_ok(format('select backlog.extend_retry_item(%s, %L, %s)', o.id, 'w', o.token + 1), 'PB001', null, 'nor another token') from one as o;
select throws_ok(format('select backlog.extend_retry_item(%s, %L, %s, 0)', o.id, 'w', o.token), 'PB003', null, 'no time') from one as o;
select throws_ok(format('select backlog.extend_retry_item(%s, %L)', i.id, 'w'), 'PB001', null, 'an item that waits')
from backlog.retry_items as i where i.status = 'pending';
select throws_ok($$select backlog.extend_retry_item(-1, 'w')$$, 'PB002', null, 'an unknown item');
select throws_ok($$select backlog.extend_retry_item(null, 'w')$$, 'PB002', null, 'a null item');
select backlog.complete_retry_item(o.id, 'w', o.token) from one as o;
select throws_ok(format('select backlog.extend_retry_item(%s, %L, %s)', o.id, 'w', o.token), 'PB002', null,
  'an item that is done, although its batch goes on') from one as o;

select * from finish();
rollback;
