begin;
select plan(5);

create table public.a (id int primary key);
create table public.t (id int primary key, a_id int references public.a);
select backlog.create_pipeline('p');
select backlog.add_pipeline_table('p', 'public.t');
insert into public.delta_t values (1, 1);
select is((select l.outcome from backlog.load_pipeline('p') as l), 'refused', 'after a refused load');
select is_empty('select * from backlog.pipelines_to_load()', 'a pipeline is not due for a while');
select lives_ok($$select backlog.resume_pipeline('p')$$, 'unless it is resumed');
select isnt_empty('select * from backlog.pipelines_to_load()', 'then it is due at once');
select throws_ok($$select backlog.resume_pipeline('q')$$, 'PB101', null, 'an unknown pipeline');

select * from finish();
rollback;
