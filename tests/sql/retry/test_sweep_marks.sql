begin;
select plan(5);
set local test.now = '2030-01-01 12:00:00+00';

select is(backlog_internal.sweep_marks(), 0, 'an empty queue');
select count(*) from backlog.enqueue_retry_batch('mail', '[1, 2, 3]');
select is(backlog_internal.sweep_marks(), 0, 'nothing lies below a mark');
-- As after a clock that was set back
update backlog_internal.retry_mark set low_at = '2030-01-01 13:00:00+00', edge_at = '2030-01-01 13:00:00+00', safe_at = '2030-01-01 13:00:00+00';
set local test.now = '2030-01-01 12:00:01+00';
select is(backlog_internal.sweep_marks(), 1, 'a mark above waiting items');
select results_eq(
  $$select m.low_at, m.low_id, m.safe_at, m.edge_at from backlog_internal.retry_mark as m$$,
  $$values ('2030-01-01 12:00:00+00'::timestamptz, 0::bigint, '2030-01-01 12:00:00+00'::timestamptz, '2030-01-01 12:00:00+00'::timestamptz)$$, 'is put back to the first of them'
);
select is((select count(*) from backlog.acquire_retry_items('w')), 3::bigint, 'they can be claimed');

select * from finish();
rollback;
