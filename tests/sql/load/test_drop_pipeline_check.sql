begin;
select plan(4);

create table public.t (id int primary key);
select backlog.create_pipeline('p');
select backlog.add_pipeline_table('p', 'public.t');
select backlog.add_pipeline_check('p', 't', 'low', 'id < 10');
select lives_ok($$select backlog.drop_pipeline_check('p', 't', 'low')$$, 'a check can be dropped');
insert into public.delta_t values (50);
select is((select l.inserted from backlog.load_pipeline('p') as l), 1::bigint, 'and judges no more');
select throws_ok($$select backlog.drop_pipeline_check('p', 't', 'low')$$, 'PB005', 'table t of pipeline ''p'' has no check ''low''', 'an unknown check');
select throws_ok($$select backlog.drop_pipeline_check('p', 'u', 'low')$$, 'PB101', null, 'an unknown table');

select * from finish();
rollback;
