begin;
select plan(11);
set local test.now = '2030-01-01 12:00:00+00';
select count(*) from backlog.enqueue_retry_items((select jsonb_agg(jsonb_build_object(
  'event_type', 'mail', 'channel_name', 'c' || n % 2, 'priority', 1 + n % 3)) from generate_series(1, 8) as n));
set local test.now = '2030-01-01 12:00:01+00';
create temp table taken as select * from backlog.acquire_retry_items('w');
set local test.now = '2030-01-01 12:00:02+00';
select is(
  (select count(*) from backlog.release_retry_items(
    array(select t.id from taken as t order by t.id limit 5), array(select t.lock_token from taken as t limit 5)) as r where r.outcome = 'released'),
  5::bigint, 'a part of a batch, over its lanes'
);
select results_eq($$select i.status, count(*), max(i.retry_count) from backlog.retry_items as i group by 1 order by 1$$,
  $$values ('pending', 5::bigint, 0), ('processing', 3, 0)$$, 'those wait again');
select is((select count(*) from backlog.acquire_retry_items('v')), 5::bigint, 'and can be claimed, each in its priority');
select results_eq(
  $$select r.outcome, count(*) from backlog.release_retry_items(
    array(select t.id from taken as t), array(select t.lock_token from taken as t), 'skip') as r group by 1 order by 1$$,
  $$values ('released', 3::bigint), ('stale', 5)$$, 'skip leaves the stale ones out'
);
select throws_ok($$select * from backlog.release_retry_items(array(select t.id from taken as t), array(select t.lock_token from taken as t))$$,
  'PB001', null, 'else one lost lease undoes the call');
select is_empty($$select * from backlog.release_retry_items('{}', '{}')$$, 'an empty call does nothing');
select throws_ok($$select * from backlog.release_retry_items('{1}', '{}')$$, 'PB003', null, 'arrays of different lengths');
select throws_ok($$select * from backlog.release_retry_items('{1}', '{1}', null)$$, 'PB003', null, 'a null way with stale ones');
select throws_ok($$select * from backlog.release_retry_items('{-1}', '{1}')$$, 'PB002', null, 'an unknown id');
-- Twice in one call
set local test.now = '2030-01-01 12:00:03+00';
create temp table again as select * from backlog.acquire_retry_items('w', 1);
select is((select count(*) from again as a, backlog.release_retry_items(array[a.id, a.id], array[a.lock_token, a.lock_token])), 2::bigint,
  'an id may be named twice');
select is((select count(*) from backlog_internal.retry_ready as r join again as a on a.id = r.id), 1::bigint, 'and waits once');

select * from finish();
rollback;
