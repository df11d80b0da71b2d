begin;
select plan(27);

create type public.mood as enum ('good', 'bad');
create table public.page_row (
  id int primary key, name varchar(5), at date, tags int[], mood public.mood, doc jsonb, amount numeric(6, 2)
);
select backlog.create_pipeline('p');
select backlog.add_pipeline_table('p', 'public.page_row');

-- Without an item.
select is(
  backlog.stage_rows('p', 'page_row', '[{"id": 1, "name": "a", "tags": [1, 2], "mood": "bad", "doc": {"x": 1}, "other": 1}, {"id": "2"}]'),
  2::bigint, 'rows without an item are staged'
);
select results_eq(
  'select d.id, d.name, d.tags, d.mood, d.doc from only public.delta_page_row as d order by 1',
  $$values (1, 'a'::varchar, '{1,2}'::int[], 'bad'::public.mood, '{"x": 1}'::jsonb), (2, null, null, null, null)$$,
  'like copied ones, with every type'
);
select throws_ok(
  $$select backlog.stage_rows('p', 'page_row', '[{"id": 1}, {"id": "x"}]')$$, 'PB105',
  'row 2 for page_row: id: invalid input syntax for type integer: "x"', 'a value of the wrong type'
);
select throws_ok(
  $$select backlog.stage_rows('p', 'page_row', '[{"id": 1, "name": "too long"}]')$$, 'PB105', null, 'a value that is too long'
);
select throws_ok(
  $$select backlog.stage_rows('p', 'page_row', '{"id": 1}')$$, 'PB105', 'rows for page_row are object, not an array', 'no array'
);
select throws_ok(
  $$select backlog.stage_rows('p', 'page_row', null)$$, 'PB105', 'rows for page_row are null, not an array', 'nothing at all'
);
select throws_ok($$select backlog.stage_rows('p', 'page_row', '[1]')$$, 'PB105', null, 'an element that is no object');
select is((select count(*) from public.delta_page_row), 2::bigint, 'nothing of these was staged');
select is(backlog.stage_rows('p', 'page_row', '[]'), 0::bigint, 'an empty page is fine');
select throws_ok($$select backlog.stage_rows('p', 'nope', '[]')$$, 'PB101', 'pipeline ''p'' has no table ''nope''', 'an unknown table');
select throws_ok($$select backlog.stage_rows('x', 'nope', '[]')$$, 'PB101', null, 'an unknown pipeline');
delete from public.delta_page_row;

-- With an item.
create temp table one as
select e.id, null::bigint as token from backlog.enqueue_fetch('p', '{"page": 1}') as e;
update one set token = a.lock_token from backlog.acquire_retry_items('w', 10) as a where a.id = one.id;

select is(
  backlog.stage_rows('p', 'page_row', '[{"id": 1}, {"id": 2}]', (select id from one), (select token from one)),
  2::bigint, 'a page is staged under its lease'
);
select is((select count(*) from public.delta_page_row), 2::bigint, 'and can be seen in the delta table');
select throws_ok(
  format($$select backlog.stage_rows('p', 'page_row', '[{"id": 3}]', %s, %s)$$, (select id from one), (select token - 1 from one)),
  'PB001', null, 'a stale token stages nothing'
);
select throws_ok($$select backlog.stage_rows('p', 'page_row', '[{"id": 3}]', 0, 1)$$, 'PB002', null, 'nor does an unknown item');
select throws_ok(
  format($$select backlog.stage_rows('p', 'page_row', '[{"id": 3}]', %s)$$, (select id from one)), 'PB001', null, 'nor no token'
);
select is((select count(*) from public.delta_page_row), 2::bigint, 'indeed nothing');

-- The lease is lost; the next one stages the page again, in two parts.
select backlog.release_retry_item(id, 'w', token) from one;
update one set token = a.lock_token from backlog.acquire_retry_items('v', 10) as a where a.id = one.id;
select backlog.stage_rows('p', 'page_row', '[{"id": 1, "name": "v"}]', id, token) from one;
select backlog.stage_rows('p', 'page_row', '[{"id": 5, "name": "v"}]', id, token) from one;
select is(backlog.stage_retry_item('p', id, 'v', token), 'staged', 'a page in two parts') from one;
select results_eq(
  $$select l.outcome, l.items_completed, l.received, l.inserted from backlog.load_pipeline('p') as l$$,
  $$values ('loaded', 1::bigint, 2::bigint, 2::bigint)$$, 'only the rows of the last lease are loaded'
);
select is_empty('select * from public.delta_page_row', 'the others are removed');

-- A malformed page.
update one set id = e.id from backlog.enqueue_fetch('p', '{"page": 2}') as e;
update one set token = a.lock_token from backlog.acquire_retry_items('w', 10) as a where a.id = one.id;
select is(
  backlog.stage_rows('p', 'page_row', '[{"id": 1}, {"id": "x", "at": "2020-13-01"}, 7]', id, token), 0::bigint,
  'of a malformed page nothing is staged'
) from one;
select results_eq(
  'select q.rule, q.sql_state, q.column_name, q.value, q.item_id = (select id from one), q.state from backlog.quarantine as q order by 1, 2',
  $$values ('shape', '22023', null, '7', true, 'waiting'), ('type', '22008', 'at', '2020-13-01', true, 'waiting'), ('type', '22P02', 'id', 'x', true, 'waiting')$$,
  'its violations are kept'
);

-- Policies.
select backlog.set_pipeline_table('p', 'page_row', '{"on_malformed": "null_value"}');
select is(
  backlog.stage_rows('p', 'page_row', '[{"id": 1, "at": "x", "name": "a"}, {"id": "x"}, {"id": 3, "mood": "odd"}]'), 2::bigint,
  'null_value drops values that may be null'
);
select results_eq(
  'select d.id, d.name, d.at from public.delta_page_row as d order by 1',
  $$values (1, 'a'::varchar, null::date), (3, null, null)$$, 'and keeps the rest of the row'
);
select is((select count(*) from backlog.quarantine as q where q.state = 'value_dropped'), 2::bigint, 'and tells so');
select backlog.set_pipeline_table('p', 'page_row', '{"on_unknown_field": "reject", "on_malformed": "quarantine_row"}');
select is(
  backlog.stage_rows('p', 'page_row', '[{"id": 1, "other": 5}, {"id": 2}]'), 1::bigint, 'unknown fields can be refused'
);
select is((select q.value from backlog.quarantine as q where q.rule = 'unknown_field' and q.column_name = 'other'), '5', 'with their value');

select * from finish();
rollback;
