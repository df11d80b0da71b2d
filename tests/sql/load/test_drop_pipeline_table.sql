begin;
select plan(7);

create table public.a (id int primary key);
create table public.b (id int primary key, a_id int references public.a);
select backlog.create_pipeline('p');
select backlog.add_pipeline_table('p', 'public.b', p_on_foreign_key => 'quarantine_row');
select backlog.add_pipeline_table('p', 'public.a');
insert into public.delta_a values (1);
select throws_ok($$select backlog.drop_pipeline_table('p', 'a')$$, 'PB102', 'rows wait in public.delta_a', 'rows that wait are not thrown away');
select lives_ok($$select backlog.drop_pipeline_table('p', 'a', true)$$, 'unless asked to');
select results_eq('select t.table_name, t.load_order from backlog.pipeline_tables as t', $$values ('b', 1)$$, 'the others move up');
insert into public.delta_b values (1, 1);
select is((select l.rejected from backlog.load_pipeline('p') as l), 1::bigint, 'and still know their parents');
select throws_ok($$select backlog.drop_pipeline_table('p', 'a')$$, 'PB101', null, 'an unknown table');
drop table public.delta_b cascade;
select lives_ok($$select backlog.drop_pipeline_table('p', 'b')$$, 'a delta table that is gone already does no harm');
select is_empty('select * from backlog.quarantine', 'its quarantine goes with it');

select * from finish();
rollback;
