begin;
select plan(33);
select backlog.create_pipeline('p');
create function pg_temp.make(p_source text, p_target text, p_more text = '') returns bigint language plpgsql as $$
declare v_id bigint;
begin
  execute format(
    'select backlog.create_backfill(''p'', %L, p_destination => jsonb_build_object(''kind'', ''table'', ''table'', %L)%s)',
    p_source, p_target, p_more
  ) into v_id;
  update backlog_internal.backfill set plan_snapshot = null where backfill_id = v_id;
  while (backlog.run_backfill_step(v_id) ->> 'more')::boolean loop
  end loop;
  return v_id;
end$$;
create function pg_temp.written() returns bigint language sql as
  'select b.rows_written from backlog.backfills as b order by b.backfill_id desc limit 1';
create function pg_temp.refused() returns bigint language sql as
  'select b.rows_refused from backlog.backfills as b order by b.backfill_id desc limit 1';

-- Columns that would bend values
create table public.exact (
  id int primary key, n numeric, t timestamptz, l timestamp, s text, f float8, i interval, c cidr, d bigint, m numeric
);
insert into public.exact values
  (1, 1.5, '2024-01-01', '2024-01-01', 'ab', 0.5, '1 day', '10.0.0.0/8', 7, 5),
  (2, 1.555, null, null, null, null, null, null, null, null),
  (3, null, '2024-01-01 10:00+00', null, null, null, null, null, null, null),
  (4, null, null, '2024-01-01 00:00:00.0001', null, null, null, null, null, null),
  (5, null, null, null, 'ab  ', null, null, null, null, null),
  (6, null, null, null, 'abc', null, null, null, null, null),
  (7, null, null, null, null, 0.1, null, null, null, null),
  (8, null, null, null, null, null, '1.0001 s', null, null, null),
  (9, null, null, null, null, null, null, null, 9007199254740993, null),
  (10, null, null, null, null, null, null, null, null, 1.5),
  (11, null, null, null, null, 'NaN', null, null, null, 'NaN');
create table public.narrow (
  id int primary key, n numeric(10, 2), t date, l timestamp(3), s varchar(2), f real, i interval(3), c inet, d float8,
  m int
);
set local timezone = 'America/New_York';
select pg_temp.make('exact', 'narrow');
select bag_eq('select n.id from public.narrow as n', 'values (1)', 'what would be rounded, cut off or moved is refused');
select is(pg_temp.refused(), 10::bigint, 'row by row');
select results_eq(
  'select (i.record ->> ''id'')::int, i.error_code from backlog.incidents as i where i.error like ''column%cannot keep%'' order by 1',
  $$values (2, '22000'), (3, '22000'), (4, '22000'), (5, '22001'), (6, '22001'), (7, '22000'), (8, '22000'), (9, '22000'), (10, '22000')$$,
  'and each says why'
);
select is((select e.n::text from public.narrow as e), '1.50', 'what is only written in another way is not');
create table public.asked (like public.narrow including all);
select pg_temp.make('exact', 'asked', $$, p_mapping => '{"n": {"cast": "numeric(10, 2)"}, "t": {"cast": "date"},
  "l": {"cast": "timestamp(3)"}, "s": {"cast": "varchar(2)"}, "f": {"cast": "real"}, "i": {"cast": "interval(3)"},
  "d": {"cast": "float8"}, "m": {"cast": "numeric(5)"}}'$$);
select bag_eq(
  'select a.id, a.n::text, a.t::text, a.s, a.f::text from public.asked as a where a.id in (2, 3, 6, 7)',
  $$values (2, '1.56', null, null, null), (3, null, '2024-01-01', null, null), (6, null, null, 'ab', null),
    (7, null, null, null, '0.1')$$,
  'unless somebody asked for it'
);
create table public.shown (id int primary key, f text, t text, l timestamptz, i text, b text);
create table public.values (id int primary key, f float8, t timestamptz, l timestamp, i interval, b bytea);
insert into public.values values (1, 0.1::float8 + 0.2, '2024-07-01 12:00+00', '2024-07-01 12:00', '-1 mon 1 day', '\x00ff');
set local extra_float_digits = 0;
set local datestyle = 'German';
set local intervalstyle = 'sql_standard';
set local bytea_output = 'escape';
select pg_temp.make('values', 'shown');
reset extra_float_digits;
reset datestyle;
reset intervalstyle;
set local timezone = 'UTC';
select results_eq(
  'select s.f, s.t, s.l::text, s.i, s.b from public.shown as s',
  $$values ('0.30000000000000004', '2024-07-01 12:00:00+00', '2024-07-01 12:00:00+00', '-1 mons +1 day', '\x00ff')$$,
  'how it is written does not depend on the session'
);
create table public.local (id int primary key, d date);
create function public.note_day() returns trigger language plpgsql as $$
begin
  new.d := timestamptz '2024-01-01 02:00+00';
  return new;
end$$;
create trigger note before insert on public.local for each row execute function public.note_day();
create table public.days (id int primary key, d date);
insert into public.days values (1, '2000-01-01');
set local timezone = 'America/New_York';
select pg_temp.make('days', 'local');
select is((select l.d from public.local as l), date '2023-12-31', 'where nothing is converted a trigger sees the settings of the session');
set local timezone = 'UTC';

-- Domains and documents
create domain public.cents as numeric(6, 2);
create table public.free (id int primary key, n numeric(10, 4), j json);
insert into public.free values (1, 1.2500, '{"a": 1, "a": 2}'), (2, 1.2345, null);
create table public.bound (id int primary key, n public.cents, j jsonb);
select pg_temp.make('free', 'bound');
select results_eq('select b.id, b.n::text, b.j::text from public.bound as b', $$values (1, '1.25', '{"a": 2}')$$, 'a domain rounds as well');
create table public.shapes (id int primary key, p point, x xml, a numeric[]);
insert into public.shapes values (1, '(1,2)', '<a/>', '{1.50,null}'), (2, null, null, '{1.555}');
create table public.forms (id int primary key, p text, x text, a numeric(5, 2)[]);
select pg_temp.make('shapes', 'forms');
select results_eq('select f.id, f.p, f.x, f.a::text from public.forms as f', $$values (1, '(1,2)', '<a/>', '{1.50,NULL}')$$, 'types without an equality, and arrays');
select throws_ok(
  $$select pg_temp.make('shapes', 'bound', ', p_mapping => ''{"a": null, "x": null, "p": "n"}''')$$, 'PB302', null,
  'types that do not go together are refused before'
);

-- Equal is not the same
create table public.looks (id int primary key, n numeric, i interval, f float8, j jsonb);
insert into public.looks values (1, 1.0, '1 mon', 0, '1.0');
select pg_temp.make('looks', 'looks_copy', ', p_create_target => true');
update public.looks set n = 1.00, i = '30 days', f = '-0', j = '1.00';
select pg_temp.make('looks', 'looks_copy');
select is(pg_temp.written(), 1::bigint, 'what looks different is written');
select is((select l::text from public.looks_copy as l), (select l::text from public.looks as l), 'as it is');
select pg_temp.make('looks', 'looks_copy');
select is(pg_temp.written(), 0::bigint, 'once');
create table public.exponents (n numeric primary key, v int);
insert into public.exponents values (1.0, 1);
select pg_temp.make('exponents', 'exponents_copy', ', p_create_target => true');
update public.exponents set n = 1.00;
select pg_temp.make('exponents', 'exponents_copy');
select is((select e.n::text from public.exponents_copy as e), '1.00', 'a key as well');

-- Keys that are more equal in the destination
create collation public.lenient (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create table public.words (k text primary key, v int);
insert into public.words values ('a', 1), ('A', 2), ('b', 3);
create table public.few (k text collate public.lenient primary key, v int);
select throws_like($$select pg_temp.make('words', 'few')$$, 'PB302', 'rows of public.words may be equal in the key of the destination (k)', 'a collation that finds more equal');
create table public.mails (id int, mail text primary key);
create table public.events (id int primary key, mail text);
insert into public.events values (1, 'x'), (2, 'x'), (3, 'y');
select throws_like($$select pg_temp.make('events', 'mails')$$, 'PB302', 'rows of public.events may be equal%', 'a key that is none of the source');
select pg_temp.make('events', 'mails', $$ || '{"mode": "append"}'$$);
select is((select count(*) from public.mails), 2::bigint, 'appended, the first of them stays');
select is(pg_temp.refused(), 1::bigint, 'and the other is refused');
select pg_temp.make('events', 'mails', $$ || '{"key": ["mail"]}'$$);
select is((select count(*) from public.mails), 2::bigint, 'or who names the key has the last');
create unique index on public.events (id, mail);
create table public.pairs (mail text, id bigint, unique (mail, id));
select pg_temp.make('events', 'pairs');
select is((select count(*) from public.pairs), 3::bigint, 'more columns than the key of the source are unique too');
create table public.loose (k text collate public.lenient primary key, v int);
insert into public.loose select case when n % 2 = 0 then 'k' else 'K' end || n, n from generate_series(1, 50) as n;
analyze public.loose;
select pg_temp.make('loose', 'loose_copy', ', p_create_target => true, p_batch_size => 7');
select bag_eq('table public.loose_copy', 'table public.loose', 'the same collation on both sides');
update public.loose set k = upper(k);
select pg_temp.make('loose', 'loose_copy', ', p_batch_size => 7');
select bag_eq('select l.k collate "C" from public.loose_copy as l', 'select l.k collate "C" from public.loose as l', 'and a key in other letters is the same row');

-- Rows that are read with a table
create table public.parent (id int primary key, v text);
create table public.child () inherits (public.parent);
insert into public.parent select n, 'p' from generate_series(1, 30) as n;
insert into public.child select n, 'c' from generate_series(1, 31) as n;
analyze public.parent;
create table public.heirs (like public.parent including all);
select throws_like($$select pg_temp.make('parent', 'heirs')$$, 'PB302', 'rows of public.parent may be equal%', 'tables that inherit may have the same keys');
select pg_temp.make('parent', 'heirs_copy', ', p_create_target => true, p_batch_size => 7');
select bag_eq('table public.heirs_copy', 'table public.parent', 'so the target has no such key, and gets every row');
select is(backlog_internal.may_be_null('public.parent', 'id'), false, 'not null');
do $$
begin
  alter table public.child alter id drop not null;
exception
  -- Since version 18 nobody can.
  when invalid_table_definition then
    alter table public.child no inherit public.parent;
    alter table public.child alter id drop not null;
end
$$;
insert into public.child values (null, 'n');
create table public.nobody (id int, v text);
select pg_temp.make('parent', 'nobody', ', p_batch_size => 7');
select bag_eq('table public.nobody', 'table public.parent', 'one that dropped the constraint is read with its nulls');
create table public.late (id int, v text);
create unique index on public.late (id);
insert into public.late values (null, 'a'), (1, 'b'), (2, 'c');
do $$
begin
  if current_setting('server_version_num')::int >= 180000 then
    execute 'alter table public.late add constraint given not null id not valid';
  end if;
end
$$;
create table public.later (id int unique, v text);
select pg_temp.make('late', 'later');
select bag_eq('table public.later', 'table public.late', 'a constraint that was never validated says nothing');
select pg_temp.make('late', 'later_copy', ', p_create_target => true');
select bag_eq('table public.later_copy', 'table public.late', 'nor is it made in the destination');
create table public.whole (id int, v int) partition by range (id);
create table public.part partition of public.whole for values from (0) to (100);
create table public.rest partition of public.whole default;
select throws_ok($$select pg_temp.make('whole', 'rest')$$, 'PB302', 'public.rest cannot be the destination', 'a partition of the source');
select throws_ok($$select pg_temp.make('part', 'whole')$$, 'PB302', 'public.whole cannot be the destination', 'nor what the source is a partition of');

-- Casts
select results_eq(
  $$select backlog_internal.cast_type(t.name, 'postgres') from unnest(array['timestamptz(3)', 'time(2)', 'numeric(5,-1)', 'varchar(3)', 'interval(2)']) as t (name)$$,
  $$values ('timestamp(3) with time zone'), ('time(2) without time zone'), ('numeric(5,-1)'), ('character varying(3)'), ('interval(2)')$$,
  'a cast keeps its digits, wherever they stand'
);
create table public.stamps (id int primary key, t timestamptz);
insert into public.stamps values (1, '2024-01-01 00:00:00.123456+00');
select pg_temp.make('stamps', 'stamps_copy', $$, p_create_target => true, p_mapping => '{"t": {"cast": "timestamptz(3)"}}'$$);
select is((select s.t from public.stamps_copy as s), '2024-01-01 00:00:00.123+00', 'and works');
select is((select format_type(a.atttypid, a.atttypmod) from pg_attribute as a where a.attrelid = 'public.stamps_copy'::regclass and a.attname = 't'), 'timestamp(3) with time zone', 'also in the table that is made');
select * from finish();
rollback;
