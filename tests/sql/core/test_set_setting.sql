begin;
select plan(7);

set local test.now = '2030-01-01 00:00:00+00';
select is(
  backlog.set_setting('history_retention_days', '3'),
  '7',
  'setting a value returns the one before'
);
select results_eq(
  $$select value, default_value, changed_at from backlog.settings
    where name = 'history_retention_days'$$,
  $$values ('3', '7', timestamptz '2030-01-01 00:00:00+00')$$,
  'the list shows value, default and time of the change'
);
select is(
  backlog_internal.setting('history_retention_days'),
  '3',
  'helpers read the value that was set'
);
select backlog.set_setting('history_retention_days', null);
select is(
  backlog_internal.setting('history_retention_days'),
  '7',
  'null returns a setting to its default'
);
select throws_ok(
  $$select backlog.set_setting('no_such', '1')$$,
  'PB005',
  'unknown setting ''no_such''',
  'an unknown setting is refused'
);
select throws_ok(
  $$select backlog.set_setting('history_retention_days', 'soon')$$,
  'PB003',
  'setting history_retention_days cannot be ''soon''',
  'a value that does not fit the type is refused'
);
select is_empty(
  'select from backlog_internal.setting',
  'a refused value leaves nothing behind'
);

select * from finish();
rollback;
