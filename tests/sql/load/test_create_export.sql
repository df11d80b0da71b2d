begin;
select plan(11);

create table public.t (id int primary key, n text);
select backlog.create_pipeline('p');
select lives_ok($$select backlog.create_export('things', 'select t.id, t.n from public.t as t order by t.id', 'p')$$, 'an export');
select results_eq('select e.name, e.pipeline, e.due, e.document from backlog.exports as e', $$values ('things', 'p', true, null::jsonb)$$, 'is due at once');
select throws_ok($$select backlog.create_export('x', 'select 1; select 2')$$, 'PB102', null, 'two queries');
select throws_ok($$select backlog.create_export('x', 'select 1) as x; drop table public.t; --')$$, 'PB102', null, 'a statement smuggled in');
select throws_ok($$select backlog.create_export('x', 'select nope from public.t')$$, 'PB102', null, 'a query that does not work');
select throws_ok($$select backlog.create_export('x', null)$$, 'PB102', null, 'no query');
select throws_ok($$select backlog.create_export('x y', 'select 1')$$, 'PB003', null, 'no name');
select throws_ok($$select backlog.create_export('x', 'select 1', 'q')$$, 'PB101', null, 'an unknown pipeline');
create role tap_operator;
grant backlog_operator to tap_operator;
set local role tap_operator;
select throws_ok($$select backlog.create_export('x', 'select 1')$$, '42501', null, 'the query runs with the installer''s rights, so others may not define it');
reset role;
select lives_ok($$select backlog.create_export('things', 'select 1 as one')$$, 'an export can be replaced');
select is(backlog.refresh_export('things'), md5('[{"one": 1}]'), 'by another query');

select * from finish();
rollback;
