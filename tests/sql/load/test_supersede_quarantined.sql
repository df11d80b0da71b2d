begin;
select plan(17);
set local test.now = '2030-01-01 00:00:00+00';

create table public.price (id int primary key, cents int check (cents >= 0));
create table public.stock (id int primary key, version int, amount int check (amount >= 0));
select backlog.create_pipeline('p');
select backlog.add_pipeline_table('p', 'public.price', p_on_malformed => 'quarantine_row', p_delete_column => 'gone');
select backlog.add_pipeline_table('p', 'public.stock', p_on_malformed => 'quarantine_row', p_version_column => 'version');

create temp table it (page int, id bigint, token bigint);
create function public.stage(p_page int, p_rows jsonb) returns void language sql as $$
  insert into it (page, id) select p_page, e.id from backlog.enqueue_fetch('p', jsonb_build_object('p', p_page)) as e;
  update it set token = a.lock_token from backlog.acquire_retry_items('w', 10) as a where a.id = it.id and it.page = p_page;
  select backlog.stage_rows('p', 'price', p_rows, id, token) from it where page = p_page;
  select backlog.stage_retry_item('p', id, 'w', token) from it where page = p_page;
$$;

insert into public.delta_price values (1, -1), (2, -1), (3, -1), (4, -1);
select backlog.load_pipeline('p');
select backlog.stage_rows('p', 'price', '[{"id": 5, "cents": "a lot"}]');

-- Good copies arrive.
set local test.now = '2030-01-01 01:00:00+00';
insert into public.delta_price values (1, 10), (5, 50), (6, 60);
insert into public.delta_price (id, gone) values (2, true);
create temp table l as select l.load_id from backlog.load_pipeline('p') as l;
select results_eq(
  $$select (q.row_data ->> 'id')::int, q.state, q.superseded_by = (select load_id from l), q.closed_at from backlog.quarantine as q order by 1$$,
  $$values (1, 'superseded', true, timestamptz '2030-01-01 01:00:00+00'), (2, 'superseded', true, '2030-01-01 01:00:00+00'),
    (3, 'waiting', null, null), (4, 'waiting', null, null), (5, 'superseded', true, '2030-01-01 01:00:00+00')$$,
  'a quarantined row is superseded when a good one with its key is loaded, or a mark that deletes it'
);
insert into public.delta_price values (3, 30);
insert into public.price values (3, 30);
select is((select l.unchanged from backlog.load_pipeline('p') as l), 1::bigint, 'even one that changes nothing');
select is((select q.state from backlog.quarantine as q where q.row_data ->> 'id' = '3'), 'superseded', 'supersedes');
select is((select count(*) from backlog.replay_quarantine('{"pipeline": "p"}', 10, true)), 1::bigint, 'so that it cannot be replayed over it');

-- What is loaded was older than what is quarantined.
select public.stage(1, '[{"id": 7, "cents": 1}]');
select public.stage(2, '[{"id": 7, "cents": -2}, {"id": 9, "cents": "x"}, {"id": 9, "cents": 9}]');
select public.stage(3, '[{"id": 10, "cents": -1}]');
select public.stage(4, '[{"id": 10, "cents": 10}]');
select is((select l.rejected from backlog.load_pipeline('p') as l), 2::bigint, 'bad and good copies in one load');
select results_eq(
  $$select (q.row_data ->> 'id')::int, q.state from backlog.quarantine as q where (q.row_data ->> 'id')::int between 7 and 10 order by 1$$,
  $$values (7, 'waiting'), (9, 'superseded'), (10, 'superseded')$$, 'the order in which they arrived decides'
);
select public.stage(5, '[{"id": 11, "cents": -1}]');
select public.stage(6, '[{"id": 12, "cents": 1}]');
select backlog.load_pipeline('p');
select backlog.edit_quarantine(q.quarantine_id, '{"id": "11", "cents": 11}') from backlog.quarantine as q where q.row_data ->> 'id' = '11';
select public.stage(7, '[{"id": 11, "cents": 12}]');
select is((select l.duplicates from backlog.load_pipeline('p') as l), 1::bigint, 'a newer copy goes before one that is being replayed');
select results_eq(
  $$select q.state, q.superseded_by is not null from backlog.quarantine as q where q.row_data ->> 'id' = '11'$$, $$values ('superseded', true)$$, 'which is superseded'
);

-- Versions.
insert into public.delta_stock values (1, 5, -1), (2, 5, -1), (3, null, -1), (4, 5, -1);
select backlog.load_pipeline('p');
insert into public.delta_stock values (1, 4, 4), (2, 5, 5), (3, 1, 1), (4, null, 1);
select backlog.load_pipeline('p');
select results_eq(
  $$select (q.row_data ->> 'id')::int, q.state from backlog.quarantine as q where q.table_name = 'stock' order by 1$$,
  $$values (1, 'waiting'), (2, 'superseded'), (3, 'superseded'), (4, 'waiting')$$, 'a row with a smaller version supersedes nothing'
);
select backlog.stage_rows('p', 'stock', '[{"id": 20, "version": "7", "amount": "x"}, {"id": 21, "version": "new", "amount": 1}]');
insert into public.delta_stock values (20, 6, 1), (21, 1, 1);
select backlog.load_pipeline('p');
select results_eq(
  $$select (q.row_data ->> 'id')::int, q.state from backlog.quarantine as q where q.row_data ->> 'id' in ('20', '21') order by 1$$,
  $$values (20, 'waiting'), (21, 'superseded')$$, 'also of rows that did not fit; a version that does not fit counts as none'
);

-- Conflicting copies.
select public.stage(8, '[{"id": 30, "cents": 1}, {"id": 30, "cents": 2}]');
select backlog.load_pipeline('p');
select results_eq(
  $$select r.outcome from backlog.replay_quarantine('{"rule": "duplicate"}') as r$$,
  $$select format('load %s brought a newer copy', max(l.load_id)) from backlog.loads as l$$,
  'the second copy in a page is not replayed over the first'
);
select is(
  (select backlog.edit_quarantine(q.quarantine_id, q.row_data) from backlog.quarantine as q where q.rule = 'duplicate' and q.state = 'waiting'), 'replaying',
  'unless a person decides for it'
);
select is((select l.updated from backlog.load_pipeline('p') as l), 1::bigint, 'then it is loaded');
select is((select p.cents from public.price as p where p.id = 30), 1, 'indeed');
select public.stage(9, '[{"id": 31, "cents": 1}, {"id": 31, "cents": 2}]');
select backlog.load_pipeline('p');
select public.stage(10, '[{"id": 31, "cents": 2}]');
select backlog.load_pipeline('p');
select is((select q.state from backlog.quarantine as q where q.row_data ->> 'id' = '31'), 'superseded', 'once the source sends one copy only, the other is closed');

-- A changed table.
insert into public.delta_price values (40, -1);
select backlog.load_pipeline('p');
alter table public.price alter column id type text using 'p' || id, alter column cents type bigint;
alter table public.price rename column id to code;
select backlog.refresh_pipeline_table('p', 'price');
insert into public.delta_price (code, cents) values ('p40', 1), ('40', 2);
select is((select l.error from backlog.load_pipeline('p') as l), null, 'keys that were kept follow a change of the table');
select is((select q.state from backlog.quarantine as q where q.row_data ->> 'cents' = '-1' and q.row_data ->> 'code' = '40'), 'superseded', 'and are found');

select * from finish();
rollback;
