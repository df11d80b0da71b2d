begin;
select plan(7);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.enqueue_retry_item('fetch.flights') from generate_series(1, 2) as n;
set local test.now = '2030-01-01 12:00:01+00';
create temp table taken as select * from backlog.acquire_retry_items('w', 10, 60);
set local test.now = '2030-01-01 12:00:02+00';
create temp table held as select min(t.id) as id, backlog_internal.hold_retry_item(min(t.id), max(t.lock_token), 'pipeline:flights') as token from taken as t;
select cmp_ok((select h.token from held as h), '>', (select max(t.lock_token) from taken as t), 'a new and greater token');
select results_eq(
  $$select i.status, i.worker_id, i.leased_until, i.claimed_at from backlog.retry_items as i join held as h on h.id = i.id$$,
  $$values ('processing', 'pipeline:flights', 'infinity'::timestamptz, '2030-01-01 12:00:01+00'::timestamptz)$$, 'the holder has it, without an end'
);
select throws_ok(format('select backlog.complete_retry_item(t.id, %L, t.lock_token) from taken as t join held as h on h.id = t.id', 'w'),
  'PB001', null, 'the worker has it no longer');
set local test.now = '2040-01-01 12:00:00+00';
select is(backlog_internal.rescue_leases(100, backlog_internal.clock()), 1, 'only the rest of the batch runs out');
select lives_ok(format('select * from backlog.complete_retry_items(array[%s], array[%s])', h.id, h.token), 'the holder completes it')
from held as h;
select throws_ok(format('select backlog_internal.hold_retry_item(%s, %s, %L)', max(t.id), max(t.lock_token), 'x'), 'PB001', null,
  'a lost lease cannot be held') from taken as t;
select throws_ok($$select backlog_internal.hold_retry_item(-1, 1, 'x')$$, 'PB002', null, 'nor what does not exist');

select * from finish();
rollback;
