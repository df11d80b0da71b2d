begin;
select plan(8);

create table public.thing (id int primary key, name text, doc json, x float8);
create table public.made (id int generated always as identity, part int, name text, primary key (id, part));
select backlog.create_pipeline('d');
select backlog.add_pipeline_table('d', 'public.thing');
select backlog.add_pipeline_table('d', 'public.made', p_on_malformed => 'quarantine_row');

create temp table it (page int, id bigint, token bigint);
create function public.stage(p_page int, p_table text, p_rows jsonb) returns void language sql as $$
  insert into it (page, id) select p_page, e.id from backlog.enqueue_fetch('d', jsonb_build_object('p', p_page)) as e;
  update it set token = a.lock_token from backlog.acquire_retry_items('w', 10) as a where a.id = it.id and it.page = p_page;
  select backlog.stage_rows('d', p_table, p_rows, id, token) from it where page = p_page;
  select backlog.stage_retry_item('d', id, 'w', token) from it where page = p_page;
$$;

-- Equal copies, under the default policy.
select public.stage(1, 'thing', '[{"id": 1, "name": "a", "doc": {"k": 1}, "x": 0.1}, {"x": 0.1, "id": "1", "name": "a", "doc": {"k": 1}}, {"id": 1, "name": "a", "doc": {"k": 1}, "x": 0.1}, {"id": 2}, {"id": 2}]');
select results_eq(
  $$select l.outcome, l.items_completed, l.items_failed, l.received, l.inserted, l.duplicates, l.rejected from backlog.load_pipeline('d') as l$$,
  $$values ('loaded', 1::bigint, 0::bigint, 5::bigint, 2::bigint, 3::bigint, 0::bigint)$$, 'equal copies in a page are one row'
);
select is_empty('select * from backlog.quarantine', 'and nothing to look at');

-- Different ones still condemn the page.
select public.stage(2, 'thing', '[{"id": 3, "name": "a"}, {"id": 3, "name": "b"}, {"id": 3, "name": "b"}]');
select results_eq(
  $$select l.items_completed, l.items_failed, l.inserted from backlog.load_pipeline('d') as l$$,
  'values (0::bigint, 1::bigint, 0::bigint)', 'different copies condemn the page'
);
select results_eq(
  $$select q.rule, q.row_data ->> 'name' from backlog.quarantine as q$$, $$values ('duplicate', 'a')$$, 'because of the one that differs from the last'
);

-- Without their keys.
select public.stage(3, 'made', '[{"name": "a"}, {"name": "b"}]');
select results_eq($$select l.rejected, l.duplicates from backlog.load_pipeline('d') as l$$, 'values (2::bigint, 0::bigint)', 'rows without a key are refused');
select results_eq(
  $$select q.rule, q.column_name, count(*) from backlog.quarantine as q where q.table_name = 'made' group by 1, 2$$,
  $$values ('required', 'part', 2::bigint)$$, 'for that, not as copies of each other'
);
select public.stage(4, 'made', '[{"part": 1, "name": "a"}, {"part": 1, "name": "b"}]');
select is((select l.inserted from backlog.load_pipeline('d') as l), 2::bigint, 'and rows whose key is made for them are no copies');

-- A copy that is refused for another reason is told of once.
select backlog.set_pipeline_table('d', 'thing', '{"on_malformed": "quarantine_row"}');
select backlog.add_pipeline_check('d', 'thing', 'named', 'name is not null');
select public.stage(5, 'thing', '[{"id": 9}, {"id": 9}]');
select backlog.load_pipeline('d');
select results_eq(
  $$select q.rule, count(*) from backlog.quarantine as q where q.row_data ->> 'id' = '9' group by 1$$, $$values ('check', 1::bigint)$$, 'equal copies that are refused are one, too'
);

select * from finish();
rollback;
