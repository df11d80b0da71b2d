begin;
select plan(9);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.enqueue_retry_item('mail') from generate_series(1, 3) as n;
set local test.now = '2030-01-01 12:00:01+00';
create temp table taken as select * from backlog.acquire_retry_items('w');
set local test.now = '2030-01-01 12:00:02+00';
select backlog.release_retry_item(min(t.id), 'w') from taken as t;
select results_eq(
  $$select i.status, i.retry_count, i.run_at, i.errors from backlog.retry_items as i where i.id = (select min(t.id) from taken as t)$$,
  $$values ('pending', 0, '2030-01-01 12:00:02+00'::timestamptz, null::jsonb)$$, 'the item waits again, no attempt counted, no error'
);
select is((select sum(cardinality(s.ids)) from backlog_internal.retry_lease as s), 2::bigint, 'the others stay under lease');
select is_empty('select from backlog.retry_history', 'the history has nothing to tell');
select is((select a.id from backlog.acquire_retry_items('v') as a), (select min(t.id) from taken as t), 'the next worker gets it at once');
select throws_ok(format('select backlog.release_retry_item(%s, %L)', min(t.id), 'w'), 'PB001', null, 'a lost lease cannot be released') from taken as t;
select throws_ok(format('select backlog.release_retry_item(%s, %L, %s)', max(t.id), 'w', 0), 'PB001', null, 'nor by another token') from taken as t;
select lives_ok(format('select backlog.release_retry_item(%s, %L, %s)', max(t.id), 'w', max(t.lock_token)), 'the right one is good') from taken as t;
select throws_ok($$select backlog.release_retry_item(-1, 'w')$$, 'PB002', null, 'an unknown id');
select throws_ok($$select backlog.release_retry_item(null, 'w')$$, 'PB003', null, 'a null id');

select * from finish();
rollback;
