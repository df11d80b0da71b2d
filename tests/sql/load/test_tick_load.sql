begin;
select plan(14);
set local test.now = '2030-01-01 00:00:00+00';

create table public.t (id int primary key);
select backlog.create_pipeline('p');
select backlog.add_pipeline_table('p', 'public.t', p_on_malformed => 'quarantine_row');
create temp table it (page int, id bigint, token bigint);
insert into it (page, id) select g, (select e.id from backlog.enqueue_fetch('p', jsonb_build_object('p', g)) as e) from generate_series(1, 4) as g;
update it set token = a.lock_token from backlog.acquire_retry_items('w', 4, 300) as a where a.id = it.id;
select backlog.stage_rows('p', 't', jsonb_build_array(jsonb_build_object('id', page)), id, token) from it;
select backlog.stage_retry_item('p', id, 'w', token) from it where page in (1, 2);
select is((backlog_internal.tick_load() ->> 'items_released')::int, 0, 'nothing is lost');

-- Somebody empties the delta table by hand: the rows of page 1 and 2, and of the unfinished ones.
truncate public.delta_t;
select is((backlog_internal.tick_load() ->> 'items_released')::int, 2, 'items whose rows are gone are given back');
select results_eq('select it.page, r.status from backlog.retry_items as r join it on it.id = r.id order by 1', $$values (1, 'pending'), (2, 'pending'), (3, 'processing'), (4, 'processing')$$, 'to be fetched again');
select is((select l.outcome from backlog.load_pipeline('p') as l), 'empty', 'nothing is loaded');

-- A crash of the server empties everything that is not logged.
select backlog.stage_retry_item('p', id, 'w', token) from it where page = 3;
delete from backlog_internal.delta_canary;
select is((backlog_internal.tick_load() ->> 'items_released')::int, 1, 'after a crash as well');
select is((select c.epoch from backlog_internal.delta_canary as c), 2::bigint, 'a new epoch begins');
select throws_ok(format($$select backlog.stage_rows('p', 't', '[{"id": 44}]', %s, %s)$$, id, token), 'PB001', null, 'a page of which a part is lost cannot go on') from it where page = 4;
select throws_ok(format($$select backlog.stage_retry_item('p', %s, 'w', %s)$$, id, token), 'PB001', null, 'nor be handed over') from it where page = 4;

-- Fetched again.
select backlog.release_retry_item(id, 'w', token) from it where page = 4;
update it set token = a.lock_token from backlog.acquire_retry_items('w', 4, 300) as a where a.id = it.id;
select backlog.stage_rows('p', 't', jsonb_build_array(jsonb_build_object('id', page)), id, token) from it;
select backlog.stage_retry_item('p', id, 'w', token) from it;
select results_eq($$select l.items_completed, l.inserted from backlog.load_pipeline('p') as l$$, 'values (4::bigint, 4::bigint)', 'all pages arrive in the end');
select is_empty('select * from backlog_internal.staged_item', 'nothing is left of them');

-- An item that is cancelled while it is staged.
truncate it;
insert into it (page, id) select g, (select e.id from backlog.enqueue_fetch('p', jsonb_build_object('p', g)) as e) from generate_series(1, 2) as g;
update it set token = a.lock_token from backlog.acquire_retry_items('w', 4, 300) as a where a.id = it.id;
select backlog.stage_rows('p', 't', jsonb_build_array(jsonb_build_object('id', 10 + page)), id, token), backlog.stage_retry_item('p', id, 'w', token) from it;
select backlog.cancel_retry_item(id) from it where page = 1;
select results_eq($$select l.outcome, l.items_completed, l.inserted from backlog.load_pipeline('p') as l$$, $$values ('loaded', 1::bigint, 1::bigint)$$, 'a cancelled item is not loaded, and stops nobody');
select is_empty('select * from public.delta_t', 'its rows are removed');

-- Retention.
insert into public.delta_t values (null);
select backlog.load_pipeline('p');
select backlog.dismiss_quarantine('{}');
set local test.now = '2030-02-05 00:00:00+00';
insert into public.delta_t values (99);
select backlog.load_pipeline('p');
select results_eq(
  $$select (j ->> 'quarantined_rows_removed')::int, (j ->> 'loads_removed')::int from backlog_internal.tick_load() as j$$, 'values (1, 3)', 'old ledger and quarantine rows go'
);
select is((select count(*) from backlog.loads), 1::bigint, 'the last load stays');

select * from finish();
rollback;
