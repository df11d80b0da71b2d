begin;
select plan(46);

create table public.customer (
  id int primary key, name text not null, boss_id int references public.customer,
  score numeric constraint score_is_positive check (score >= 0), local_note text default 'ours'
);
create table public.orders (
  id int primary key, customer_id int not null references public.customer,
  total numeric(10, 2), code text unique, seen_at timestamptz not null default '2000-01-01',
  double_total numeric generated always as (total * 2) stored
);
select backlog.create_pipeline('shop');
select backlog.add_pipeline_table('shop', 'public.orders');
select backlog.add_pipeline_table('shop', 'public.customer', p_columns => '{id,name,boss_id,score}');

select is((select l.outcome from backlog.load_pipeline('shop') as l), 'empty', 'nothing to do leaves no trace');
select is_empty('select * from backlog.loads', 'nor a ledger row');

-- Copied rows, children before parents in the file, a child of a row that comes later.
insert into public.delta_orders (id, customer_id, total) values (10, 1, 9.5), (11, 2, 1);
insert into public.delta_customer (id, name, boss_id) values (2, 'bob', 1), (1, 'ann', null);
select results_eq(
  'select l.outcome, l.received, l.inserted, l.updated, l.unchanged from backlog.load_pipeline(''shop'') as l',
  $$values ('loaded', 4::bigint, 4::bigint, 0::bigint, 0::bigint)$$,
  'copied rows are loaded, parents first'
);
select results_eq(
  'select o.id, o.total, o.seen_at, o.double_total from public.orders as o order by 1',
  $$values (10, 9.50, timestamptz '2000-01-01', 19.00), (11, 1.00, timestamptz '2000-01-01', 2.00)$$,
  'a column that refuses null takes its default, a generated one is left alone'
);
select is_empty('select * from public.delta_orders', 'the delta table is empty afterwards');
select is((select c.local_note from public.customer as c where c.id = 1), 'ours', 'a column that is left out takes its default');

update public.customer set local_note = 'mine' where id = 1;
update public.orders set seen_at = '2020-01-01' where id = 10;
insert into public.delta_customer (id, name) values (1, 'ann');
insert into public.delta_orders (id, customer_id, total) values (10, 1, 9.5), (11, 2, 2), (12, 1, 3);
select results_eq(
  'select l.inserted, l.updated, l.unchanged from backlog.load_pipeline(''shop'') as l',
  $$values (1::bigint, 1::bigint, 2::bigint)$$,
  'rows that are there already are counted as unchanged'
);
select is((select c.local_note from public.customer as c where c.id = 1), 'mine', 'a column that is left out is never touched');
select is(
  (select o.seen_at from public.orders as o where o.id = 10), timestamptz '2020-01-01',
  'null keeps what stands in a column that refuses null'
);
select results_eq(
  'select t.table_name, t.received, t.inserted, t.updated, t.unchanged from backlog.load_tables as t
   where t.load_id = (select max(l.load_id) from backlog.loads as l) order by t.load_order',
  $$values ('customer', 1::bigint, 0::bigint, 0::bigint, 1::bigint), ('orders', 3::bigint, 1::bigint, 1::bigint, 1::bigint)$$,
  'the ledger counts by table, parents first'
);

-- Foreign keys: the default policy refuses the load.
insert into public.delta_customer (id, name) values (3, 'cy');
insert into public.delta_orders (id, customer_id) values (20, 99);
select results_eq(
  'select l.outcome, l.error_code, l.inserted from backlog.load_pipeline(''shop'') as l',
  $$values ('refused', 'PB104', 0::bigint)$$,
  'a row without its parent makes the whole load refuse'
);
select is_empty('select * from public.customer where id = 3', 'then nothing is loaded at all');
select is((select count(*) from public.delta_orders), 1::bigint, 'and copied rows still wait');
select is(
  (select l.problems -> 0 ->> 'value' from backlog.loads as l order by l.load_id desc limit 1), '99',
  'the ledger names the value'
);
insert into public.delta_customer (id, name) values (99, 'late');
select is((select l.inserted from backlog.load_pipeline('shop') as l), 3::bigint, 'with the parent it loads');

-- quarantine_row, with children of a refused parent.
select backlog.set_pipeline_table('shop', 'orders', '{"on_foreign_key": "quarantine_row", "on_malformed": "quarantine_row"}');
select backlog.set_pipeline_table('shop', 'customer', '{"on_foreign_key": "quarantine_row", "on_malformed": "quarantine_row"}');
insert into public.delta_customer (id, name, boss_id, score) values
  (30, null, null, -1), (31, 'child', 30, null), (32, 'grandchild', 31, null), (33, 'fine', null, 1);
insert into public.delta_orders (id, customer_id, total) values (30, 32, 1), (33, 33, 1);
select results_eq(
  'select l.outcome, l.received, l.inserted, l.rejected from backlog.load_pipeline(''shop'') as l',
  $$values ('loaded', 6::bigint, 2::bigint, 4::bigint)$$,
  'rejects take their children along, down to the last'
);
select results_eq(
  'select q.table_name, q.rule, q.sql_state, q.column_name, q.value, q.constraint_name, (q.row_data ->> ''id'')::int
   from backlog.quarantine as q order by q.table_name, 7, q.rule',
  $$values
    ('customer', 'check', '23514', 'score', null, 'score_is_positive', 30),
    ('customer', 'required', '23502', 'name', null, null, 30),
    ('customer', 'foreign_key', '23503', 'boss_id', '30', 'customer_boss_id_fkey', 31),
    ('customer', 'foreign_key', '23503', 'boss_id', '31', 'customer_boss_id_fkey', 32),
    ('orders', 'foreign_key', '23503', 'customer_id', '32', 'orders_customer_id_fkey', 30)$$,
  'quarantine has one line per violation'
);
select is(
  (select q.row_data ->> 'score' from backlog.quarantine as q where q.rule = 'check'), '-1', 'with the row'
);

-- Copies of a row.
insert into public.delta_customer (id, name) values (40, 'old'), (40, 'new');
select results_eq(
  'select l.inserted, l.duplicates from backlog.load_pipeline(''shop'') as l',
  'values (1::bigint, 1::bigint)', 'of copied rows with one key the last wins'
);
select is((select c.name from public.customer as c where c.id = 40), 'new', 'indeed the last');

-- Another unique constraint.
insert into public.delta_orders (id, customer_id, code) values (50, 1, 'A'), (51, 1, 'B'), (52, 1, 'B');
select is((select l.rejected from backlog.load_pipeline('shop') as l), 1::bigint, 'a value twice in the load is refused');
insert into public.delta_orders (id, customer_id, code) values (53, 1, 'A'), (50, 1, 'A');
select results_eq(
  'select l.inserted, l.unchanged, l.rejected from backlog.load_pipeline(''shop'') as l',
  'values (0::bigint, 1::bigint, 1::bigint)', 'as is a value that another stable row holds'
);
select is(
  (select q.value from backlog.quarantine as q where q.rule = 'unique' order by q.quarantine_id desc limit 1), 'A',
  'the value is shown'
);

-- Limits.
select backlog.set_pipeline('shop', '{"max_rejects": 1}');
insert into public.delta_customer (id, name) values (60, null), (61, null), (62, 'x');
select is((select l.outcome from backlog.load_pipeline('shop') as l), 'refused', 'too many rejects refuse the load');
select is((select count(*) from public.delta_customer), 3::bigint, 'and leave the rows');
select backlog.set_pipeline('shop', '{"max_rejects": null, "max_reject_ratio": 0.9}');
select is((select l.rejected from backlog.load_pipeline('shop') as l), 2::bigint, 'a ratio that is kept does not');

-- An error that no verdict foresees, where nobody looks for the rows at fault.
select backlog.set_setting('load_bisect_attempts', '0');
create function public.grumble() returns trigger language plpgsql as $$begin raise exception 'no'; end$$;
create trigger grumble before insert on public.orders for each row execute function public.grumble();
insert into public.delta_customer (id, name) values (70, 'x');
insert into public.delta_orders (id, customer_id) values (70, 70);
select results_eq(
  'select l.outcome, l.error_code, l.error from backlog.load_pipeline(''shop'') as l',
  $$values ('failed', 'P0001', 'no')$$, 'an error is reported'
);
select is((select count(*) from public.delta_customer), 1::bigint, 'with nothing changed');
select is(
  (select p.name from backlog.pipelines_to_load() as p (name, reason)), null, 'and it is not tried again at once'
);
drop trigger grumble on public.orders;
select is((select l.inserted from backlog.load_pipeline('shop') as l), 2::bigint, 'once it is gone the rows load');
select backlog.set_setting('load_bisect_attempts', null);

-- A stable table that changes.
alter table public.orders rename column total to amount;
insert into public.delta_orders (id, customer_id) values (80, 1);
select results_eq(
  'select l.outcome, l.error_code from backlog.load_pipeline(''shop'') as l',
  $$values ('failed', 'PB102')$$, 'a renamed column is noticed'
);
select matches(
  (select l.error from backlog.loads as l order by l.load_id desc limit 1), 'column total is gone.*refresh_pipeline_table',
  'and the error tells what to do'
);
alter table public.orders rename column amount to total;
alter table public.orders add column extra text;
select is((select l.inserted from backlog.load_pipeline('shop') as l), 1::bigint, 'a new column that may be null does no harm');
alter table public.orders add column needed text not null default 'x';
alter table public.orders alter column needed drop default;
insert into public.delta_orders (id, customer_id) values (81, 1);
select is((select l.error_code from backlog.load_pipeline('shop') as l), 'PB102', 'a new required column does');
alter table public.orders drop column needed;
select is((select l.outcome from backlog.load_pipeline('shop') as l), 'loaded', 'until it is gone');

-- Odd names and types.
create schema "Odd, Schema";
create table "Odd, Schema"."T b" (
  "the, key" text, "value" json, rule text, "id" bigint generated always as identity, arr int[], p point,
  primary key ("the, key", "id")
);
select backlog.create_pipeline('odd');
select is(
  backlog.add_pipeline_table('odd', '"Odd, Schema"."T b"', p_on_malformed => 'quarantine_row')::text, '"Odd, Schema"."delta_T b"',
  'the delta table stands beside the table'
);
insert into "Odd, Schema"."delta_T b" ("the, key", "value", rule, "id", arr, p) values
  ('a', '{"x": 1}', 'r', 5, '{1,2}', '(1,2)'), ('b', null, null, null, null, null), (null, null, null, 7, null, null);
select results_eq(
  'select l.outcome, l.inserted, l.rejected, l.error from backlog.load_pipeline(''odd'') as l',
  $$values ('loaded', 2::bigint, 1::bigint, null::text)$$, 'odd names, json and geometry load'
);
insert into "Odd, Schema"."delta_T b" ("the, key", "value", rule, "id", arr, p) values
  ('a', '{"x": 1}', 'r', 5, '{1,2}', '(1,2)');
select is((select l.unchanged from backlog.load_pipeline('odd') as l), 1::bigint, 'and are found unchanged');
insert into "Odd, Schema"."delta_T b" ("the, key", "value", rule, "id", arr, p) values
  ('a', '{"x": 2}', 'r', 5, '{1,2}', '(1,2)');
select is((select l.updated from backlog.load_pipeline('odd') as l), 1::bigint, 'or changed');

-- Errors.
select throws_ok('select backlog.load_pipeline(''nope'')', 'PB101', 'there is no pipeline ''nope''', 'an unknown pipeline');
select throws_ok('select backlog.load_pipeline(null)', 'PB101', null, 'no pipeline');
select backlog.pause_pipeline('odd', 'checking');
select throws_ok('select backlog.load_pipeline(''odd'')', 'PB107', 'pipeline ''odd'' is paused: checking', 'a paused pipeline');

-- Version guard.
create table public.state (id int primary key, v int, t text);
select backlog.create_pipeline('versions');
select backlog.add_pipeline_table('versions', 'public.state', p_version_column => 'v');
insert into public.state values (1, 5, 'five'), (2, 5, 'five'), (3, null, 'none'), (4, 5, 'five');
insert into public.delta_state values (1, 4, 'older'), (2, 5, 'same'), (3, 1, 'one'), (4, null, 'null'), (5, 2, 'b'), (5, 3, 'c'), (5, 1, 'a');
select results_eq(
  'select l.inserted, l.updated, l.outdated, l.duplicates from backlog.load_pipeline(''versions'') as l',
  'values (1::bigint, 2::bigint, 2::bigint, 2::bigint)', 'an older version never replaces a newer one'
);
select results_eq(
  'select s.id, s.t from public.state as s order by 1',
  $$values (1, 'five'), (2, 'same'), (3, 'one'), (4, 'five'), (5, 'c')$$, 'and the greatest version of copies wins'
);
-- The catalog is read at each load.
alter table public.state add constraint small check (v < 100);
insert into public.delta_state values (6, 100, 'x');
select is((select l.rejected from backlog.load_pipeline('versions') as l), 1::bigint, 'a constraint that was added later judges');
select is(
  (select sum(l.received - l.inserted - l.updated - l.unchanged - l.deleted - l.rejected - l.parked - l.duplicates - l.outdated)
   from backlog.loads as l where l.outcome = 'loaded')::int, 0, 'the counts of every load add up'
);

select * from finish();
rollback;
