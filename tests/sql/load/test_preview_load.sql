begin;
select plan(13);

create table public.a (id int primary key, name text not null);
create table public.b (id int primary key, a_id int references public.a);
select backlog.create_pipeline('p', p_max_rejects => 5);
select backlog.add_pipeline_table('p', 'public.a', p_on_malformed => 'quarantine_row');
select backlog.add_pipeline_table('p', 'public.b', p_on_foreign_key => 'park');
select e.id from backlog.enqueue_fetch('p') as e;
insert into public.delta_a values (1, 'x'), (2, null), (3, null);
insert into public.delta_b values (1, 1), (2, 2);
select backlog.stage_rows('p', 'b', '[{"id": 5, "a_id": 1}]', a.id, a.lock_token), backlog.stage_retry_item('p', a.id, 'w', a.lock_token)
from backlog.acquire_retry_items('w') as a;

create temp table v as select backlog.preview_load('p') as j;
select is(v.j ->> 'outcome', 'loaded', 'a preview says what would happen') from v;
select results_eq(
  $$select t.* from v, jsonb_to_recordset(v.j -> 'tables') as t (table_name text, received int, inserted int, rejected int, parked int)$$,
  $$values ('a', 3, 1, 2, 0), ('b', 3, 2, 0, 1)$$, 'in numbers'
);
select results_eq(
  $$select t.* from v, jsonb_to_recordset(v.j -> 'problems') as t ("table" text, rule text, "column" text, action text, violations int, example text)$$,
  $$values ('a', 'required', 'name', 'quarantine_row', 2, null), ('b', 'foreign_key', 'a_id', 'park', 1, '2')$$, 'and problems'
);
select is((v.j ->> 'items_completed')::int, 1, 'and items') from v;
select is_empty('select * from public.a', 'but does not do it');
select is_empty('select * from backlog.quarantine', 'writes no quarantine');
select is_empty('select * from backlog.loads', 'and no ledger');
select is((select count(*) from public.delta_b), 3::bigint, 'rows wait as before');
select is((select r.worker_id from backlog.retry_items as r), 'pipeline:p', 'and so does the item');
select backlog.set_pipeline('p', '{"max_rejects": 1}');
select is(backlog.preview_load('p') ->> 'error_code', 'PB104', 'a load that would be refused');
select is((select r.worker_id from backlog.retry_items as r), 'pipeline:p', 'costs the items nothing');
select backlog.set_pipeline('p', '{"max_rejects": null}');
select results_eq(
  $$select l.received::int, l.inserted::int, l.rejected::int, l.parked::int from backlog.load_pipeline('p') as l$$, 'values (6, 3, 2, 1)', 'the load does the same'
);
select throws_ok($$select backlog.preview_load('q')$$, 'PB101', null, 'an unknown pipeline');

select * from finish();
rollback;
