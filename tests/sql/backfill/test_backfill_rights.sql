begin;
select plan(17);

create table public.src (id int primary key, v int);
create table public.dst (id int primary key, v int);
create role tap_owner;
create role tap_operator;
grant backlog_operator to tap_operator;
select backlog.create_pipeline('p');
create function pg_temp.make(p_more text = '') returns text language sql as $$
  select format('select backlog.create_backfill(%L, %L, p_destination => %L%s)', 'p', 'public.src', '{"kind": "table", "table": "public.dst"}', p_more)
$$;
grant execute on function pg_temp.make(text) to tap_operator;
create temp table r as select pg_temp.make() as make, pg_temp.make($$, p_consistency => 'converge'$$) as converge, pg_temp.make($$, p_predicate => 'public.mine(id)'$$) as own, pg_temp.make($$, p_predicate => 'v > 0'$$) as plain;
grant select on r to tap_operator;
create function public.mine(int) returns boolean language sql immutable as 'select true';

set local role tap_operator;
select throws_ok((select r.make from r), '42501', 'role tap_operator may not SELECT on public.src', 'a backfill gives nobody a table that they may not read');
reset role;
grant select on public.src to tap_operator;
set local role tap_operator;
select throws_ok((select r.make from r), '42501', 'role tap_operator may not SELECT on public.dst', 'nor one that they may not write');
reset role;
grant select, insert on public.dst to tap_operator;
set local role tap_operator;
select throws_ok((select r.make from r), '42501', 'role tap_operator may not UPDATE on public.dst', 'upserts write over rows');
reset role;
grant update on public.dst to tap_operator;
set local role tap_operator;
select lives_ok((select r.make from r), 'with these rights it works');
select throws_ok((select r.converge from r), '42501', null, 'converging deletes');
select throws_ok((select r.own from r), '42501', null, 'functions of users run with more rights, so not everybody may bring them in');
select lives_ok((select r.plain from r), 'what PostgreSQL provides is free');
select throws_ok($$select backlog.create_backfill('p', 'backlog_internal.backfill', p_destination => '{"kind": "x"}')$$, '42501', null, 'not the package''s own tables');
select throws_ok($$select backlog.create_backfill('p', 'pg_catalog.pg_authid', p_destination => '{"kind": "x"}')$$, '42501', null, 'nor the server''s secrets');
select throws_ok($$select backlog.create_backfill('p', 'src', p_destination => '{"kind": "table", "table": "pg_catalog.x"}', p_create_target => true)$$, '42501', null, 'tables are made where one may make them');
select throws_ok($$select backlog.register_backfill_view('pg_catalog.pg_views', array['viewname'])$$, '42501', null, 'views are registered by members of the owner');
select throws_ok($$select * from backlog_internal.backfill$$, '42501', null, 'the tables are closed');
reset role;
alter table public.src enable row level security;
set local role tap_operator;
select throws_like((select r.make from r), '42501', 'row security of public.src would not hold%', 'row security is not got round');
reset role;
alter table public.src disable row level security;
create schema own;
grant usage, create on schema own to tap_operator;
set local role tap_operator;
select lives_ok($$select backlog.create_backfill('p', 'src', p_destination => '{"kind": "table", "table": "own.made"}', p_create_target => true)$$, 'a target is made in a schema of one''s own');
reset role;
select is((select c.relowner::regrole::text from pg_class as c where c.oid = 'own.made'::regclass), 'tap_operator', 'and belongs to who asked');

create temp table passing (id int primary key, v int);
select throws_ok($$select backlog.create_backfill('p', 'src', p_destination => '{"kind": "table", "table": "passing"}')$$, 'PB302', 'passing is a temporary table', 'no destination that only one session sees');
select throws_ok($$select backlog.create_backfill('p', 'pg_temp.passing', p_destination => '{"kind": "table", "table": "dst"}')$$, 'PB302', 'passing is a temporary table', 'and no such source');

select * from finish();
rollback;
