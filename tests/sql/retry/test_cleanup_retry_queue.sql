begin;
-- Tests beside this one write history; partitions wait only a second for that.
lock table backlog_internal.retry_history in access exclusive mode;
select plan(15);
create function pg_temp.cancel_some(p_count int) returns bigint language sql as $$
  select count(backlog.cancel_retry_item(b))
  from backlog.enqueue_retry_batch('mail', (select jsonb_agg(n) from generate_series(1, p_count) as n)) as b;
$$;

set local test.now = '2030-01-01 12:00:00+00';
select backlog_internal.ensure_history_partitions(2);
select pg_temp.cancel_some(4);
set local test.now = '2030-01-03 12:00:00+00';
select pg_temp.cancel_some(2);
-- Days without partitions
set local test.now = '2030-01-06 12:00:00+00';
select pg_temp.cancel_some(10);
select backlog.enqueue_retry_item('mail', p_max_retries => 0);
set local test.now = '2030-01-06 12:00:01+00';
select backlog.fail_retry_item(t.id, 'w', 'x', null, t.lock_token) from backlog.acquire_retry_items('w') as t;
select backlog.enqueue_retry_item('mail');
select is((select count(*) from backlog.retry_history), 17::bigint, 'seventeen rows of history');

set local test.now = '2030-01-08 23:59:59+00';
select is(backlog.cleanup_retry_queue(), 0::bigint, 'seven days are kept by default');
set local test.now = '2030-01-09 00:00:00+00';
select is(backlog.cleanup_retry_queue(), 4::bigint, 'then a day goes at once, with its partition');
select is(to_regclass('backlog_internal.retry_history_20300101'), null::regclass, 'indeed');
select isnt(to_regclass('backlog_internal.retry_history_20300103'), null::regclass, 'the others stay');
set local test.now = '2030-01-14 00:00:00+00';
select is(backlog.cleanup_retry_queue(7, 3), 5::bigint, 'of rows outside the partitions no more than the limit');
select is(backlog.cleanup_retry_queue(7, 100), 8::bigint, 'the rest next time');
select is((select count(*) from backlog.retry_history), 0::bigint, 'all history is gone');
select is((select count(*) from backlog.dead_letters), 1::bigint, 'dead letters stay: they need a person');
select is((select count(*) from backlog.retry_items), 1::bigint, 'and so do items');
select backlog.cancel_retry_item(i.id) from backlog.retry_items as i;
set local test.now = '2030-01-14 00:00:01+00';
select is(backlog.cleanup_retry_queue(0), 1::bigint, 'zero days keep nothing');

select throws_ok('select backlog.cleanup_retry_queue(-1)', 'PB003', 'retention_days must be 0 or more and limit positive', 'negative days');
select throws_ok('select backlog.cleanup_retry_queue(null)', 'PB003', null, 'null days');
select throws_ok('select backlog.cleanup_retry_queue(7, 0)', 'PB003', null, 'a limit of nothing');
select throws_ok('select backlog.cleanup_retry_queue(7, null)', 'PB003', null, 'no limit');

select * from finish();
rollback;
