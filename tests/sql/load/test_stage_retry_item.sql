begin;
select plan(16);

create table public.country (code text primary key);
create table public.city (id int primary key, country text references public.country, name text not null);
select backlog.create_pipeline('geo');
select backlog.add_pipeline_table('geo', 'public.city');
select backlog.add_pipeline_table('geo', 'public.country');

create temp table it (page int, id bigint, token bigint);
insert into it (page, id) select g, (select e.id from backlog.enqueue_fetch('geo', jsonb_build_object('p', g)) as e) from generate_series(1, 5) as g;
update it set token = a.lock_token from backlog.acquire_retry_items('w', 10) as a where a.id = it.id;

-- Page 1 brings its own parent, page 2 refers to it; page 3 is malformed at the load; page 4 is empty.
select backlog.stage_rows('geo', 'country', '[{"code": "fr"}]', id, token) from it where page = 1;
select backlog.stage_rows('geo', 'city', '[{"id": 1, "country": "fr", "name": "Paris"}]', id, token) from it where page = 1;
select backlog.stage_rows('geo', 'city', '[{"id": 2, "country": "fr", "name": "Lyon"}]', id, token) from it where page = 2;
select backlog.stage_rows('geo', 'city', '[{"id": 3, "country": "fr", "name": "Nice"}, {"id": 4, "country": "fr"}]', id, token) from it where page = 3;
select backlog.stage_rows('geo', 'country', '[{"code": "de"}]', id, token) from it where page = 3;
select is((select l.outcome from backlog.load_pipeline('geo') as l), 'empty', 'pages that are not complete are not loaded');
select is((select count(*) from public.delta_city), 4::bigint, 'and keep their rows');

select is(backlog.stage_retry_item('geo', id, 'w', token), 'staged', format('page %s is handed over', page)) from it where page <= 4 order by page;
select results_eq(
  'select r.worker_id, r.status, r.leased_until from backlog.retry_items as r join it on it.id = r.id where it.page = 1',
  $$values ('pipeline:geo', 'processing', 'infinity'::timestamptz)$$, 'the pipeline holds the lease'
);
select throws_ok(format($$select backlog.stage_retry_item('geo', %s, 'w', %s)$$, id, token), 'PB001', null, 'once only') from it where page = 1;
select throws_ok(format($$select backlog.stage_rows('geo', 'city', '[]', %s, %s)$$, id, token), 'PB001', null, 'nothing can be added then') from it where page = 1;

select results_eq(
  $$select l.outcome, l.items_completed, l.items_failed, l.received, l.inserted, l.rejected from backlog.load_pipeline('geo') as l$$,
  $$values ('loaded', 3::bigint, 1::bigint, 6::bigint, 3::bigint, 3::bigint)$$,
  'a malformed page is kept out whole, the others load'
);
select is_empty($$select * from public.country where code = 'de'$$, 'its rows for other tables included');
select results_eq(
  'select it.page, d.error_code, d.error from backlog.dead_letters as d join it on it.id = d.id',
  $$values (3, 'PB105', 'malformed page: city: name: column name is missing or null (1 violations)')$$,
  'it is a dead letter for a person to look at'
);
select results_eq(
  'select q.item_id = (select id from it where page = 3), q.rule, q.column_name, q.row_data ->> ''id'' from backlog.quarantine as q',
  $$values (true, 'required', 'name', '4')$$, 'and quarantine shows the row at fault'
);

-- Malformed while staging: the item fails when it is reported.
select backlog.stage_rows('geo', 'city', '[{"id": "x"}]', id, token) from it where page = 5;
select is(backlog.stage_retry_item('geo', id, 'w'), 'dead_letter', 'a page with values of the wrong type') from it where page = 5;
select is((select d.error_code from backlog.dead_letters as d join it on it.id = d.id where it.page = 5), 'PB105', 'is a dead letter at once');
select throws_ok($$select backlog.stage_retry_item('nope', 1)$$, 'PB101', null, 'an unknown pipeline');

select * from finish();
rollback;
