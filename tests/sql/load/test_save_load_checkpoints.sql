begin;
select plan(27);

create table public.customer (id int primary key, name text not null, note text default 'new', best_order int);
create table public.orders (id int primary key, customer_id int references public.customer, total int check (total >= 0), twice int generated always as (total * 2) stored);
alter table public.customer add foreign key (best_order) references public.orders;
create table public.log_line (at int, line text);
select backlog.create_pipeline('shop');
select backlog.add_pipeline_table('shop', 'public.customer', p_columns => '{id,name,best_order}', p_on_malformed => 'quarantine_row', p_delete_column => 'gone');
select backlog.add_pipeline_table('shop', 'public.orders', p_on_malformed => 'quarantine_row', p_on_foreign_key => 'park', p_park_seconds => 60);
select backlog.add_pipeline_table('shop', 'public.log_line', 'append');
create temp view e as
select v.event_id, v.kind, v.pipeline, v.table_name, v.records, v.record_count, v.source, v.source_id, v.correlation_id, v.metadata, v.error_code, v.part, v.parts
from backlog_internal.event as v;

-- Without hooks: counts.
insert into public.delta_customer (id, name) values (1, 'ann'), (2, 'bob');
insert into public.delta_orders (id, customer_id, total) values (10, 1, 5);
create temp table l as select l.load_id from backlog.load_pipeline('shop') as l;
select results_eq(
  $$select e.kind, e.pipeline, e.table_name, e.records, e.record_count, e.source, e.source_id = l.load_id, e.metadata ->> 'inserted' from e, l order by e.event_id$$,
  $$values ('checkpoint', 'shop', 'customer', null::jsonb, 2::bigint, 'load', true, '2'), ('checkpoint', 'shop', 'orders', null, 1, 'load', true, '1')$$,
  'a load saves a checkpoint for each table that it changed, with counts'
);
select is(
  (select e.metadata - 'load_id' from e where e.table_name = 'orders'),
  '{"received": 1, "inserted": 1, "updated": 0, "unchanged": 0, "deleted": 0, "rejected": 0, "parked": 0, "duplicates": 0, "outdated": 0}', 'namely these'
);
delete from backlog_internal.event;
insert into public.delta_customer (id, name) values (1, 'ann');
select backlog.load_pipeline('shop');
select is_empty('select * from e', 'unchanged rows are no checkpoint');
select backlog.preview_load('shop');
select backlog.load_pipeline('shop');
select is_empty('select * from e', 'nor is nothing, nor a preview');

-- What hooks want.
create function public.hear(p_event jsonb) returns void language sql as $$ select $$;
select backlog.register_sql_hook('hear', 'public.hear(jsonb)', 'checkpoint', p_payload => 'keys');
insert into public.delta_customer (id, name) values (1, 'anna'), (2, 'bob'), (3, 'cy');
insert into public.delta_log_line values (1, 'x');
select backlog.load_pipeline('shop');
select results_eq(
  $$select e.table_name, (select jsonb_agg(r order by r) from jsonb_array_elements(e.records) as r), e.record_count from e order by e.table_name$$,
  $$values ('customer', '[{"id": 1}, {"id": 3}]'::jsonb, 2::bigint), ('log_line', '[{"at": 1, "line": "x"}]', 1)$$,
  'a hook that wants keys gets those of the rows that were written, and whole rows where there is no key'
);
select is((select count(*) from backlog_internal.retry_item as i join backlog_internal.retry_lane as n using (lane_id) where n.event_type = 'hook.hear'), 2::bigint, 'as deliveries');
delete from backlog_internal.event;
select backlog.register_sql_hook('hear', 'public.hear(jsonb)', 'checkpoint', p_payload => 'records');
insert into public.delta_customer (id, name, best_order) values (3, 'cyd', null), (4, 'di', 11);
insert into public.delta_orders (id, customer_id, total) values (11, 4, 6), (10, 1, 5);
select backlog.load_pipeline('shop');
select results_eq(
  $$select e.table_name, (select jsonb_agg(r order by r -> 'id') from jsonb_array_elements(e.records) as r) from e order by e.table_name$$,
  $$values ('customer', '[{"id": 3, "name": "cyd", "note": "new", "best_order": null}, {"id": 4, "name": "di", "note": "new", "best_order": 11}]'::jsonb),
    ('orders', '[{"id": 11, "customer_id": 4, "total": 6, "twice": 12}]')$$,
  'a hook that wants records gets the rows as they stand in the table, columns of a cycle included'
);
delete from backlog_internal.event;
insert into public.delta_customer (id, gone) values (2, true);
select backlog.load_pipeline('shop');
select results_eq($$select e.table_name, e.records, e.record_count, e.metadata ->> 'deleted' from e$$, $$values ('customer', null::jsonb, 0::bigint, '1')$$, 'rows that were deleted are counted');
delete from backlog_internal.event;

-- What the pipeline says.
select backlog.set_pipeline('shop', '{"checkpoint_payload": "none"}');
insert into public.delta_customer (id, name) values (5, 'ed');
select backlog.load_pipeline('shop');
select is((select e.records from e), null, 'a pipeline can keep its rows to itself');
delete from backlog_internal.event;
select backlog.disable_hook('hear', 'test');
select backlog.set_pipeline('shop', '{"checkpoint_payload": "keys"}');
insert into public.delta_customer (id, name) values (6, 'fi');
select backlog.load_pipeline('shop');
select is((select e.records from e), '[{"id": 6}]', 'or have them kept for hooks to come');
select throws_ok($$select backlog.set_pipeline('shop', '{"checkpoint_payload": "all"}')$$, 'PB003', null, 'there are three choices');
select is((select p.checkpoint_payload from backlog.pipelines as p), 'keys', 'the view tells');
delete from backlog_internal.event;
select backlog.set_setting('event_max_records', '100');
insert into public.delta_customer (id, name) select g, 'many' from generate_series(1001, 1250) as g;
select backlog.load_pipeline('shop');
select results_eq('select e.record_count, e.part, e.parts from e order by e.part', 'values (100::bigint, 1, 3), (100, 2, 3), (50, 3, 3)', 'many rows are told in parts');
delete from backlog_internal.event;

-- The items' correlation id.
create temp table it as select e.id, a.lock_token from backlog.enqueue_fetch('shop', p_correlation_id => 'gen 7') as e, lateral (select * from backlog.acquire_retry_items('w')) as a;
select backlog.stage_rows('shop', 'customer', '[{"id": 7, "name": "gil"}]', id, lock_token), backlog.stage_retry_item('shop', id, 'w', lock_token) from it;
select backlog.load_pipeline('shop');
select is((select e.correlation_id from e), 'gen 7', 'pages of one fetch pass on its correlation id');
delete from backlog_internal.event;

-- Quarantined rows.
insert into public.delta_orders (id, total) values (20, -1), (21, -1);
insert into public.delta_orders (id, customer_id) values (22, 99);
select backlog.load_pipeline('shop');
select results_eq($$select e.kind, e.table_name, e.record_count, e.source from e$$, $$values ('incident', 'orders', 2::bigint, 'quarantine')$$, 'rows that are quarantined open incidents, parked ones do not');
select is((select count(*) from backlog_internal.incident as i where i.quarantine_row_id is not null), 2::bigint, 'one each');
delete from backlog_internal.event;
insert into public.delta_orders (id, total) values (20, -1), (21, -2), (23, -1);
select backlog.load_pipeline('shop');
select results_eq($$select e.kind, e.record_count from e$$, $$values ('incident', 1::bigint)$$, 'rows that are refused again open none');
select backlog.stage_rows('shop', 'orders', '[{"id": 24, "total": "?"}]'), backlog.stage_rows('shop', 'orders', '[{"id": 24, "total": "!"}]');
select is((select count(*) from backlog_internal.incident as i where i.quarantine_row_id is not null), 4::bigint, 'rows that are refused at staging do, once');
update backlog_internal.quarantine_row set parked_until = '-infinity' where state = 'parked';
select is((backlog_internal.tick_load() ->> 'parked_rows_aged')::int, 1, 'when a parked row has waited too long');
select is((select count(*) from backlog_internal.incident as i where i.quarantine_row_id is not null), 5::bigint, 'it is an incident');
delete from backlog_internal.event;

-- Loads that do not load.
select backlog.set_pipeline('shop', '{"max_rejects": 0}');
insert into public.delta_orders (id, total) values (30, -1);
select backlog.load_pipeline('shop');
select results_eq($$select e.kind, e.source, e.error_code, e.metadata ->> 'outcome' from e$$, $$values ('incident', 'load', 'PB104', 'refused')$$, 'a refused load is an incident');
select is((select count(*) from backlog_internal.incident as i where i.quarantine_row_id is not null), 5::bigint, 'its rows are none: nothing was quarantined');
select backlog.load_pipeline('shop');
select results_eq(
  $$select i.attempt, i.state, i.load_id = (select max(l.load_id) from backlog.loads as l) from backlog_internal.incident as i where i.source = 'load'$$,
  $$values (2, 'open', false)$$, 'refused again it is the same incident'
);
select backlog.set_pipeline('shop', '{"max_rejects": null}');
select backlog.load_pipeline('shop');
select results_eq($$select i.state, i.note ~ '^load [0-9]+ went well$' from backlog_internal.incident as i where i.source = 'load'$$, $$values ('resolved', true)$$, 'which the next good load resolves');
alter table public.orders rename column total to amount;
insert into public.delta_orders (id) values (31);
select backlog.load_pipeline('shop');
select results_eq($$select i.error_code, i.attempt from backlog_internal.incident as i where i.source = 'load' and i.state = 'open'$$, $$values ('PB102', 1)$$, 'a failed load is an incident as well');
select is_empty('select * from backlog_internal.load_change', 'no working notes are left');
select is((select count(*) from backlog_internal.failure_count as c where c.pipeline = 'shop') > 3, true, 'and all of it counts as failures');

select * from finish();
rollback;
