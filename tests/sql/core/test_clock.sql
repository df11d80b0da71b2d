begin;
select plan(2);

select ok(
  backlog_internal.clock() between statement_timestamp() and clock_timestamp(),
  'the clock tells the time'
);
set local test.now = '2030-01-01 00:00:00+00';
select is(
  backlog_internal.clock(),
  timestamptz '2030-01-01 00:00:00+00',
  'in tests it can be stopped'
);

select * from finish();
rollback;
