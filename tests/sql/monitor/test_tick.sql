begin;
-- Tests beside this one write history; partitions wait only a second for that.
lock table backlog_internal.retry_history in access exclusive mode;
select plan(3);
set local test.now = '2030-01-01 12:00:00+00';

select results_eq(
  $$select t ->> 'busy', (t ->> 'at')::timestamptz from backlog.tick() as t$$,
  $$values ('false', '2030-01-01 12:00:00+00'::timestamptz)$$, 'a tick says when it was'
);
select ok(
  (select t ?& '{items_rescued,marks_swept,partitions_made,history_rows_removed,listeners_forgotten}' from backlog.tick() as t),
  'and what it did'
);
select lives_ok('select backlog.tick()', 'it may be called at any time');

select * from finish();
rollback;
