begin;
select plan(5);

create table public.thing (id int primary key, name text);
select backlog.create_pipeline('t');
select backlog.add_pipeline_table('t', 'public.thing');
insert into public.delta_thing select g, 'some text to fill the page ' || g from generate_series(1, 50000) as g;
select is(backlog_internal.correct_estimate('public.delta_thing'), false, 'without statistics the planner looks at the size');
analyze public.delta_thing;
select is(backlog_internal.correct_estimate('public.delta_thing'), false, 'good ones are left alone');
delete from public.delta_thing;
analyze public.delta_thing;
insert into public.delta_thing select g, 'some text to fill the page ' || g from generate_series(1, 50000) as g;
select is((select c.reltuples::int from pg_catalog.pg_class as c where c.oid = 'public.delta_thing'::regclass), 0, 'those of an empty table that has pages');
select is(backlog_internal.correct_estimate('public.delta_thing'), true, 'are taken anew');
select cmp_ok((select c.reltuples::int from pg_catalog.pg_class as c where c.oid = 'public.delta_thing'::regclass), '>', 10000, 'and are right');

select * from finish();
rollback;
