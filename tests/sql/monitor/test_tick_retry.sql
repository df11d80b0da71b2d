begin;
-- Tests beside this one write history; partitions wait only a second for that.
lock table backlog_internal.retry_history in access exclusive mode;
select plan(8);
set local test.now = '2030-01-01 12:00:00+00';

create temp table first as select backlog_internal.tick_retry() as done;
select is((select (f.done ->> 'partitions_made')::int from first as f), 4, 'history partitions are made: today and three days');
select is(backlog_internal.tick_retry(), '{"items_rescued": 0, "marks_swept": 0, "partitions_made": 0, "history_rows_removed": 0, "listeners_forgotten": 0}',
  'nothing to do is nothing done');

select backlog.enqueue_retry_item('mail') from generate_series(1, 3);
set local test.now = '2030-01-01 12:00:01+00';
select count(*) from backlog.acquire_retry_items('w', 2, 60);
set local test.now = '2030-01-01 12:01:01+00';
select is((backlog_internal.tick_retry() ->> 'items_rescued')::int, 2, 'leases that ran out are rescued');
select is((select count(*) from backlog.retry_items as i where i.status = 'pending'), 3::bigint, 'their items wait again');

-- Retention by the setting
select backlog.cancel_retry_item(i.id) from backlog.retry_items as i;
set local test.now = '2030-01-09 00:00:00+00';
select is((backlog_internal.tick_retry() ->> 'history_rows_removed')::int, 5, 'after seven days the history goes');
select backlog.set_setting('history_retention_days', '1');
select backlog.cancel_retry_item(e.id) from backlog.enqueue_retry_item('mail') as e;
set local test.now = '2030-01-11 00:00:00+00';
select is((backlog_internal.tick_retry() ->> 'history_rows_removed')::int, 1, 'or sooner, when so set');

-- Listeners
select backlog.announce_idle('old');
set local test.now = '2030-01-11 23:00:00+00';
select backlog.announce_idle('young');
set local test.now = '2030-01-12 00:00:01+00';
select is((backlog_internal.tick_retry() ->> 'listeners_forgotten')::int, 1, 'a listener not seen for a day is forgotten');
select results_eq('select l.worker_id from backlog_internal.listener as l', $$values ('young')$$, 'the other is not');

select * from finish();
rollback;
