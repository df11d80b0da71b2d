begin;
select plan(12);
set local test.now = '2030-01-01 00:00:00+00';

create table public.t (id int primary key);
select backlog.create_pipeline('p', p_load_delay => 60, p_min_rows => 3);
select backlog.add_pipeline_table('p', 'public.t');
select is_empty('select * from backlog.pipelines_to_load()', 'nothing waits');
insert into public.delta_t values (1);
select results_eq('select * from backlog.pipelines_to_load()', $$values ('p', 'rows were copied')$$, 'copied rows are due at once');
select backlog.set_pipeline('p', '{"auto_load": false}');
select is_empty('select * from backlog.pipelines_to_load()', 'unless loads are left to the user');
select backlog.set_pipeline('p', '{"auto_load": true}');
select backlog.load_pipeline('p');

create temp table it (page int, id bigint, token bigint);
insert into it (page, id) select g, (select e.id from backlog.enqueue_fetch('p', p_priority => 10 - g) as e) from generate_series(1, 3) as g;
update it set token = a.lock_token from backlog.acquire_retry_items('w', 2) as a where a.id = it.id;
select backlog.stage_rows('p', 't', '[{"id": 2}]', id, token), backlog.stage_retry_item('p', id, 'w', token) from it where page = 1;
select is_empty('select * from backlog.pipelines_to_load()', 'while pages are being fetched a few rows can wait');
set local test.now = '2030-01-01 00:01:00+00';
select matches((select p.reason from backlog.pipelines_to_load() as p), 'the oldest page waits since', 'but not for ever');
set local test.now = '2030-01-01 00:00:30+00';
select backlog.stage_rows('p', 't', '[{"id": 3}, {"id": 4}]', id, token), backlog.stage_retry_item('p', id, 'w', token) from it where page = 2;
select results_eq('select * from backlog.pipelines_to_load()', $$values ('p', '3 rows are staged')$$, 'many rows are due at once');
select backlog.set_pipeline('p', '{"min_rows": 100}');
select is_empty('select * from backlog.pipelines_to_load()', 'many is a matter of opinion');
update it set token = a.lock_token from backlog.acquire_retry_items('w', 2) as a where a.id = it.id;
select is_empty('select * from backlog.pipelines_to_load()', 'the last page is being fetched');
select backlog.stage_retry_item('p', id, 'w', token) from it where page = 3;
select results_eq('select * from backlog.pipelines_to_load()', $$values ('p', 'nothing is left to fetch')$$, 'once it is there nothing is worth waiting for');
select is((select l.items_completed from backlog.load_pipeline('p') as l), 3::bigint, 'the load completes them');
select is_empty('select * from backlog.pipelines_to_load()', 'then nothing waits');
-- A page that is retried much later is no reason to wait.
select e.id from backlog.enqueue_fetch('p', p_run_at => '2030-01-02') as e;
insert into public.delta_t values (9);
select isnt_empty('select * from backlog.pipelines_to_load()', 'a page that is far off is no reason to wait');

select * from finish();
rollback;
