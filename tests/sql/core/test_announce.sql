begin;
select plan(2);

select lives_ok(
  $$select backlog_internal.announce('backlog_test')$$,
  'a channel can be woken'
);
select throws_ok(
  $$select backlog_internal.announce('')$$,
  '22023',
  'channel name cannot be empty',
  'a channel needs a name'
);

select * from finish();
rollback;
