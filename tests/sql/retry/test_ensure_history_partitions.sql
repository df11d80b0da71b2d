begin;
-- Tests beside this one write history; partitions wait only a second for that.
lock table backlog_internal.retry_history in access exclusive mode;
select plan(8);
-- Whatever the installation made is of other days
set local test.now = '2030-01-01 23:59:00+00';

select is(backlog_internal.ensure_history_partitions(2), 3, 'today and two days');
select is(backlog_internal.ensure_history_partitions(2), 0, 'once');
set local timezone = 'Asia/Tokyo';
select is(backlog_internal.ensure_history_partitions(2), 0, 'days are those of UTC, whoever calls');
set local timezone = 'UTC';
set local test.now = '2030-01-02 00:00:00+00';
select is(backlog_internal.ensure_history_partitions(), 2, 'the next day the missing ones');
select bag_eq(
  $$select c.relname::text from pg_inherits as h join pg_class as c on c.oid = h.inhrelid
    where h.inhparent = 'backlog_internal.retry_history'::regclass and c.relname ~ '2030'$$,
  $$values ('retry_history_20300101'), ('retry_history_20300102'), ('retry_history_20300103'), ('retry_history_20300104'), ('retry_history_20300105')$$,
  'their names are their days'
);
select backlog.cancel_retry_item(e.id) from backlog.enqueue_retry_item('mail') as e;
select is((select h.tableoid::regclass::text from backlog_internal.retry_history as h), 'backlog_internal.retry_history_20300102', 'history goes where it belongs');

-- A day that already has rows outside
set local test.now = '2031-01-01 00:00:00+00';
select backlog.cancel_retry_item(e.id) from backlog.enqueue_retry_item('mail') as e;
select is(backlog_internal.ensure_history_partitions(1), 1, 'a day that has rows in the default partition stays there');
select is_empty($$select where to_regclass('backlog_internal.retry_history_20310101') is not null$$, 'and gets none of its own');

select * from finish();
rollback;
