begin;
select plan(20);
set local test.now = '2030-01-01 00:00:00+00';

create table public.shelf (id int primary key);
create table public.book (id numeric, part text, pages int check (pages > 0), shelf int references public.shelf, primary key (id, part));
create table public.log_line (at int, line text not null);
select backlog.create_pipeline('b');
select backlog.add_pipeline_table('b', 'public.book', p_on_malformed => 'quarantine_row', p_on_foreign_key => 'quarantine_row');
select backlog.add_pipeline_table('b', 'public.log_line', 'append', p_on_malformed => 'quarantine_row');

-- Refused at every poll.
insert into public.delta_book values (1.0, 'a', -1), (2, 'a', 0);
select backlog.load_pipeline('b');
create temp table first as select q.quarantine_id, q.load_id from backlog.quarantine as q;
set local test.now = '2030-01-01 01:00:00+00';
insert into public.delta_book values (1.00, 'a', -1), (2, 'a', -7), (3, 'a', -3);
select is((select l.rejected from backlog.load_pipeline('b') as l), 3::bigint, 'rows that are refused again count as rejected');
select results_eq(
  $$select (q.row_data ->> 'id')::numeric::int, q.row_data ->> 'pages', q.seen_count, q.created_at, q.last_seen_at, f.quarantine_id is not null, q.load_id > (select max(f.load_id) from first as f)
    from backlog.quarantine as q left join first as f using (quarantine_id) order by 1$$,
  $$values (1, '-1', 2, timestamptz '2030-01-01 00:00:00+00', timestamptz '2030-01-01 01:00:00+00', true, true),
    (2, '-7', 2, '2030-01-01 00:00:00+00', '2030-01-01 01:00:00+00', true, true),
    (3, '-3', 1, '2030-01-01 01:00:00+00', '2030-01-01 01:00:00+00', false, true)$$,
  'but are in quarantine once, seen again, with their newest content'
);

-- For another reason.
insert into public.delta_book values (1, 'a', 1, 9), (2, 'a', -7, 9);
select backlog.load_pipeline('b');
select results_eq(
  $$select (q.row_data ->> 'id')::numeric::int, q.rule, q.state, q.superseded_by is not null, q.seen_count from backlog.quarantine as q where q.row_data ->> 'id' in ('1.0', '1.00', '1', '2') order by 1, q.quarantine_id$$,
  $$values (1, 'check', 'superseded', true, 2), (1, 'foreign_key', 'waiting', false, 1), (2, 'check', 'waiting', false, 3)$$,
  'a row that is refused for another reason takes the place of its older copy'
);

-- Without a key it is the content that tells.
insert into public.delta_log_line values (1, null), (1, null), (2, null);
select backlog.load_pipeline('b');
insert into public.delta_log_line values (1, null), (2, null), (1, null), (3, null);
select backlog.load_pipeline('b');
select results_eq(
  $$select (q.row_data ->> 'at')::int, q.seen_count from backlog.quarantine as q where q.table_name = 'log_line' order by 1$$,
  'values (1, 2), (1, 2), (2, 2), (3, 1)', 'two equal rows stay two'
);

-- Refused while it is staged.
select backlog.stage_rows('b', 'book', '[{"id": "7", "part": "x", "pages": "many"}, {"id": {}, "part": "x"}, 5]');
select backlog.stage_rows('b', 'book', '[{"id": 7.0, "part": "x", "pages": "few"}, {"id": {}, "part": "x"}, 5, {"id": 8, "part": "x", "pages": "?"}]');
select results_eq(
  $$select q.rule, q.column_name, q.value, q.seen_count from backlog.quarantine as q where q.load_id is null order by 1, 2, 3$$,
  $$values ('shape', null, '5', 2), ('type', 'id', '{}', 2), ('type', 'pages', '?', 1), ('type', 'pages', 'few', 2)$$,
  'rows that do not fit are found again by their key, or by their content when the key does not fit either'
);
select is(
  (select q.row_key from backlog_internal.quarantine_row as q where q.row_data ->> 'pages' = 'few'), '{"id": 7, "part": "x"}',
  'the key is kept as the table has it'
);
insert into public.delta_book values (7, 'x', 0);
select backlog.load_pipeline('b');
select results_eq(
  $$select q.rule, q.state from backlog.quarantine as q where q.row_data ->> 'part' = 'x' and q.row_data ->> 'id' like '7%' order by q.quarantine_id$$,
  $$values ('type', 'superseded'), ('check', 'waiting')$$, 'a later verdict takes its place, too'
);
select backlog.set_pipeline_table('b', 'book', '{"on_malformed": "null_value"}');
select backlog.stage_rows('b', 'book', '[{"id": 20, "part": "y", "pages": "n/a"}]');
select backlog.stage_rows('b', 'book', '[{"id": 20, "part": "y", "pages": "n/a"}]');
select results_eq(
  $$select q.state, q.seen_count from backlog.quarantine as q where q.row_data ->> 'part' = 'y'$$, $$values ('value_dropped', 2)$$,
  'a value that is dropped at every poll is told of once'
);
select is((select count(*) from only public.delta_book), 2::bigint, 'and the row is staged each time');
select backlog.load_pipeline('b');

-- Dismissed rows are settled; the next copy is news.
select backlog.dismiss_quarantine('{"pipeline": "b"}');
insert into public.delta_book values (2, 'a', -7);
select backlog.load_pipeline('b');
select results_eq(
  $$select q.state, q.seen_count from backlog.quarantine as q where q.row_data ->> 'id' = '2' order by q.quarantine_id$$,
  $$values ('dismissed', 3), ('waiting', 1)$$, 'what was dismissed is not refreshed'
);

-- An orphan whose time is up is not parked again.
select backlog.dismiss_quarantine('{"pipeline": "b"}');
select backlog.set_pipeline_table('b', 'book', '{"on_foreign_key": "park", "park_seconds": 60}');
insert into public.delta_book values (30, 'a', 1, 5);
select is((select l.parked from backlog.load_pipeline('b') as l), 1::bigint, 'an orphan is parked');
set local test.now = '2030-01-01 02:00:00+00';
select is((backlog_internal.tick_load() ->> 'parked_rows_aged')::int, 1, 'until its time is up');
insert into public.delta_book values (30, 'a', 2, 5);
select results_eq($$select l.parked, l.rejected from backlog.load_pipeline('b') as l$$, 'values (0::bigint, 1::bigint)', 'sent again it is not parked anew');
select results_eq(
  $$select q.state, q.seen_count, q.row_data ->> 'pages', q.parked_until from backlog.quarantine as q where q.row_data ->> 'id' = '30'$$,
  $$values ('waiting', 2, '2', null::timestamptz)$$, 'but waits on for a person'
);
insert into public.shelf values (5);
select is((select count(*) from backlog.replay_quarantine('{"state": "waiting"}')), 1::bigint, 'who replays it');
select is((select l.inserted from backlog.load_pipeline('b') as l), 1::bigint, 'in its newest form');

-- A replay that fails is counted, and not as seen again.
insert into public.delta_book values (40, 'a', -1);
select backlog.load_pipeline('b');
select backlog.replay_quarantine('{"state": "waiting"}');
select backlog.load_pipeline('b');
select results_eq(
  $$select q.state, q.seen_count, q.replays from backlog.quarantine as q where q.row_data ->> 'id' = '40'$$,
  $$values ('waiting', 1, 1)$$, 'a replay that fails counts as a replay'
);

-- Two different copies in one page, page after page.
create temp table it (page int, id bigint, token bigint);
create function public.send(p_page int) returns void language sql as $$
  insert into it (page, id) select p_page, e.id from backlog.enqueue_fetch('b', jsonb_build_object('p', p_page)) as e;
  update it set token = a.lock_token from backlog.acquire_retry_items('w', 10) as a where a.id = it.id;
  select backlog.stage_rows('b', 'book', '[{"id": 50, "part": "a", "pages": 1}, {"id": 50, "part": "a", "pages": 2}, {"id": 50, "part": "a", "pages": 3}]', id, token) from it where page = p_page;
  select backlog.stage_retry_item('b', id, 'w', token) from it where page = p_page;
  select backlog.load_pipeline('b');
$$;
select backlog.set_pipeline_table('b', 'book', '{"on_malformed": "quarantine_row"}');
select public.send(1);
select public.send(2);
select results_eq(
  $$select q.rule, q.row_data ->> 'pages', q.state, q.seen_count, q.superseded_by is not null from backlog.quarantine as q where q.row_data ->> 'id' = '50' order by 2$$,
  $$values ('duplicate', '1', 'waiting', 2, true), ('duplicate', '2', 'waiting', 2, true)$$, 'different copies of one row are each kept once'
);
select is((select b.pages from public.book as b where b.id = 50), 3, 'the last of them is loaded');
select is_empty($$select * from backlog_internal.refused_row union all select * from backlog_internal.refused_row$$, 'no working notes are left');

select * from finish();
rollback;
