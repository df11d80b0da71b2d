begin;
select plan(9);

create table public.t (id int primary key);
select backlog.create_pipeline('p');
select backlog.add_pipeline_table('p', 'public.t');
insert into public.delta_t values (1);
select e.id from backlog.enqueue_fetch('p') as e;
select lives_ok($$select backlog.pause_pipeline('p', 'the source is ill')$$, 'a pipeline can be paused');
select is((select p.pause_reason from backlog.pipelines as p), 'the source is ill', 'with a reason');
select throws_ok($$select backlog.load_pipeline('p')$$, 'PB107', 'pipeline ''p'' is paused: the source is ill', 'it does not load');
select is_empty('select * from backlog.pipelines_to_load()', 'nor is it due');
select is_empty($$select * from backlog.acquire_retry_items('w')$$, 'nor does it fetch');
select is(backlog.preview_load('p') ->> 'outcome', 'loaded', 'a preview does no harm');
select lives_ok($$select backlog.resume_pipeline('p')$$, 'it can be resumed');
select is((select l.inserted from backlog.load_pipeline('p') as l), 1::bigint, 'then it loads');
select throws_ok($$select backlog.pause_pipeline('q')$$, 'PB101', null, 'an unknown pipeline');

select * from finish();
rollback;
