begin;
select plan(7);

create table public.t (id int primary key);
select backlog.create_pipeline('p');
select backlog.add_pipeline_table('p', 'public.t');
select backlog.create_export('a', 'select t.id from public.t as t', 'p');
select backlog.create_export('b', 'select 1 as one');
select results_eq('select r.export, r.changed from backlog.refresh_due_exports() as r order by 1', $$values ('a', true), ('b', true)$$, 'new exports are due');
select is_empty('select * from backlog.refresh_due_exports()', 'once');
insert into public.delta_t values (1);
select backlog.load_pipeline('p');
select results_eq('select r.export, r.changed from backlog.refresh_due_exports() as r', $$values ('a', true)$$, 'a load makes its exports due');
insert into public.delta_t values (1);
select backlog.load_pipeline('p');
select results_eq('select r.export, r.changed from backlog.refresh_due_exports() as r', $$values ('a', false)$$, 'even one that changes nothing');
select backlog.create_export('c', 'select 1 / count(*) as x from public.t as t where t.id < 0', 'p');
select results_eq('select r.export, r.etag, r.changed from backlog.refresh_due_exports() as r', $$values ('c', null::text, false)$$, 'a failing query does not stop others');
select is((select e.error from backlog.exports as e where e.name = 'c'), 'division by zero (22012)', 'but is shown');
select is((backlog_internal.tick_load() ->> 'exports_refreshed')::int, 0, 'the tick does the same');

select * from finish();
rollback;
