begin;
select plan(11);

create table public."a b" (id int, v text, at interval, primary key (id));
alter table public."a b" add column gone int;
alter table public."a b" drop column gone;
insert into public."a b" select n, case when n % 10 = 3 then 'x' || n else n::text end, n * interval '1 day' from generate_series(1, 40) as n;

select results_eq(
  $$select u.record, u.key, u.error_code from backlog.unreadable_rows('public."a b"', 's.id, s.v::int', 's.id <= 20', 's.id + 1') as u order by u.key$$,
  $$values (jsonb '{"id": 13, "v": "x13", "at": "13 days"}', '14', '22P02'), ('{"id": 3, "v": "x3", "at": "3 days"}', '4', '22P02')$$,
  'rows that a cast fails for, with key and code'
);
select is((select u.error from backlog.unreadable_rows('public."a b"', 's.v::int', 's.id = 3') as u), 'invalid input syntax for type integer: "x3"', 'and with the error');
select is((select u.key from backlog.unreadable_rows('public."a b"', 's.v::int', 's.id = 3') as u), null, 'no key is asked for');
select is((select count(*) from backlog.unreadable_rows('public."a b"', 's.v::int', p_limit => 3)), 3::bigint, 'as many as wanted');
select is((select count(*) from backlog.unreadable_rows('public."a b"', 's.v::int', p_limit => null)), 4::bigint, 'or all');
select is_empty($$select * from backlog.unreadable_rows('public."a b"', 's.v, s.id')$$, 'none');
select is_empty($$select * from backlog.unreadable_rows('public."a b"', '1 / nullif(s.id - 5, 0)', 's.id = 5')$$, 'a value that is null is one');
select is(
  (select count(*) from public."a b" as s where (s.*)::text = any (array(select u.row_text from backlog.unreadable_rows('public."a b"', 's.v::int') as u))),
  4::bigint, 'by their text they are found again'
);
set local intervalstyle = 'iso_8601';
select is(
  (select count(*) from public."a b" as s where (s.*)::text = any (array(select u.row_text from backlog.unreadable_rows('public."a b"', 's.v::int') as u))),
  4::bigint, 'whatever the settings are'
);
select throws_ok($$select * from backlog.unreadable_rows('public."a b"', 's.v', '1 / (s.id - 5) > 0')$$, '22012', null, 'a condition that fails is not one row''s fault');

-- With the rights of the caller.
grant backlog_worker to current_user;
set local role backlog_worker;
select throws_ok($$select * from backlog.unreadable_rows('public."a b"', 's.v::int')$$, '42501', null, 'others'' tables stay closed');
reset role;

select * from finish();
rollback;
