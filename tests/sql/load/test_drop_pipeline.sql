begin;
select plan(9);

create table public.t (id int primary key);
select backlog.create_pipeline('p');
select backlog.add_pipeline_table('p', 'public.t');
insert into public.delta_t values (1);
select backlog.load_pipeline('p');
select e.id from backlog.enqueue_fetch('p') as e;
select backlog.stage_rows('p', 't', '[{"id": 5}]', a.id, a.lock_token), backlog.stage_retry_item('p', a.id, 'w', a.lock_token)
from backlog.acquire_retry_items('w') as a;
select throws_ok($$select backlog.drop_pipeline('p')$$, 'PB102', null, 'rows that wait are not thrown away');
select is((select count(*) from backlog.retry_items as r where r.worker_id = 'pipeline:p'), 1::bigint, 'their item is held');
select lives_ok($$select backlog.drop_pipeline('p', true)$$, 'unless asked to');
select is((select r.status from backlog.retry_items as r), 'pending', 'then the item is given back');
select is(to_regclass('public.delta_t'), null, 'the delta table is gone');
select is((select count(*) from public.t), 1::bigint, 'the stable table stays');
select is_empty('select * from backlog.loads', 'the ledger goes');
select throws_ok($$select backlog.drop_pipeline('p')$$, 'PB101', null, 'a pipeline is dropped once');
select lives_ok($$select backlog.create_pipeline('p')$$, 'and its name is free');

select * from finish();
rollback;
