begin;
select plan(4);

select is_empty(
  'select name from backlog.settings where value is distinct from default_value',
  'every setting begins with its default'
);
select is_empty(
  'select name from backlog.settings where changed_at is not null',
  'a default was never changed'
);
select lives_ok(
  $$select backlog.set_setting(s.name, s.default_value) from backlog.settings as s$$,
  'every default has the type of its setting'
);
select throws_ok(
  $$select backlog_internal.setting('no_such')$$,
  'PB005',
  'unknown setting ''no_such''',
  'a helper that misspells a setting is told so'
);

select * from finish();
rollback;
