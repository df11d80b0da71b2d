begin;
select plan(9);
set local test.now = '2030-01-01 12:00:00+00';
create schema app;
create function app.f(p jsonb) returns void language sql as '';

select backlog.register_hook('py', 'incident', '{orders}', 'individual', 'keys', true, 'id', 10, 2, 3);
select backlog.register_sql_hook('sql', 'app.f(jsonb)', 'incident', '{orders}', 'individual', 'keys', 'id', 10, 2, 3);
select results_eq(
  $$select to_jsonb(h) - array['hook_id', 'name', 'event_type', 'language', 'sql_function'] from backlog_internal.hook as h where h.name = 'py'$$,
  $$select to_jsonb(h) - array['hook_id', 'name', 'event_type', 'language', 'sql_function'] from backlog_internal.hook as h where h.name = 'sql'$$,
  'both are defined alike'
);
select results_eq(
  'select h.name, h.language, h.sql_function from backlog_internal.hook as h order by 1',
  $$values ('py', 'python', null), ('sql', 'sql', 'app.f')$$, 'but for who calls them'
);

-- A name belongs to one language.
select throws_ok($$select backlog.register_hook('sql')$$, 'PB202', $$hook 'sql' is a SQL hook$$, 'a SQL hook does not become one of Python');
select throws_ok($$select backlog.register_sql_hook('py', 'app.f(jsonb)')$$, 'PB202', $$hook 'py' is a Python hook$$, 'nor the other way round');
select results_eq(
  'select h.name, h.language, h.kind from backlog_internal.hook as h order by 1',
  $$values ('py', 'python', 'incident'), ('sql', 'sql', 'incident')$$, 'both are as they were'
);
select backlog.drop_hook('sql');
select lives_ok($$select backlog.register_hook('sql')$$, 'once it is dropped the name is free');

-- Finding one.
select is((backlog_internal.find_hook('py')).kind, 'incident', 'it is found by its name');
select throws_ok($$select backlog_internal.find_hook('nope')$$, 'PB201', $$there is no hook 'nope'$$, 'or told to be missing');
select throws_ok($$select backlog_internal.find_hook(null)$$, 'PB201', 'there is no hook null', 'null is the name of none');

select * from finish();
rollback;
