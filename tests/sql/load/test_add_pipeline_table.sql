begin;
select plan(30);

create table public.a (id int primary key, n text);
create table public.nokey (x int, y int not null);
create view public.v as select 1 as one;
create temp table t (id int primary key);
select backlog.create_pipeline('p');

select throws_ok($$select backlog.add_pipeline_table('nope', 'public.a')$$, 'PB101', null, 'an unknown pipeline');
select throws_ok($$select backlog.add_pipeline_table('p', null)$$, 'PB102', null, 'no table');
select throws_ok($$select backlog.add_pipeline_table('p', 'public.v')$$, 'PB102', 'public.v is not a table that can be loaded', 'a view');
select throws_ok($$select backlog.add_pipeline_table('p', 't')$$, 'PB102', null, 'a temporary table');
select throws_ok($$select backlog.add_pipeline_table('p', 'backlog_internal.load')$$, 'PB102', null, 'a table of ours');
select throws_ok($$select backlog.add_pipeline_table('p', 'public.a', 'merge')$$, 'PB003', 'unknown option: mode ''merge''', 'an unknown mode');
select throws_ok($$select backlog.add_pipeline_table('p', 'public.a', null)$$, 'PB003', null, 'no mode');
select throws_ok($$select backlog.add_pipeline_table('p', 'public.a', p_on_malformed => 'x')$$, 'PB003', null, 'an unknown policy');
select throws_ok($$select backlog.add_pipeline_table('p', 'public.a', p_on_foreign_key => 'x')$$, 'PB003', null, 'another');
select throws_ok($$select backlog.add_pipeline_table('p', 'public.a', p_on_unknown_field => 'x')$$, 'PB003', null, 'another');
select throws_ok($$select backlog.add_pipeline_table('p', 'public.a', p_park_seconds => 0)$$, 'PB003', null, 'no time to park');
select throws_ok($$select backlog.add_pipeline_table('p', 'public.nokey')$$, 'PB102', 'table public.nokey has no primary key, which mode upsert needs', 'no key');
select throws_ok($$select backlog.add_pipeline_table('p', 'public.nokey', p_key => '{x}')$$, 'PB102', 'no unique constraint of public.nokey is on exactly (x)', 'a key that is not unique');
select throws_ok($$select backlog.add_pipeline_table('p', 'public.a', p_columns => '{n}')$$, 'PB102', null, 'a key that is not filled');
select throws_ok($$select backlog.add_pipeline_table('p', 'public.a', p_columns => '{id,m}')$$, 'PB102', null, 'a column that does not exist');
select throws_ok($$select backlog.add_pipeline_table('p', 'public.nokey', 'append', p_columns => '{x}')$$, 'PB102', 'public.nokey would miss its required column y', 'a required column left out');
select throws_ok($$select backlog.add_pipeline_table('p', 'public.a', p_version_column => 'v')$$, 'PB102', null, 'a version column that does not exist');
select throws_ok($$select backlog.add_pipeline_table('p', 'public.a', p_delete_column => 'n')$$, 'PB102', 'column n of public.a is not boolean', 'a delete mark of another type');
create table public.delta_a ();
select throws_ok($$select backlog.add_pipeline_table('p', 'public.a')$$, 'PB102', 'there is a table public.delta_a already', 'a name that is taken');
select is(backlog.add_pipeline_table('p', 'public.a', p_delta_name => 'incoming')::text, 'incoming', 'another name helps');
select throws_ok($$select backlog.add_pipeline_table('p', 'public.a', p_delta_name => 'again')$$, 'PB102', null, 'twice in a pipeline');
select is(to_regclass('public.again'), null::regclass, 'leaves nothing behind');
select is((select c.relpersistence from pg_class as c where c.oid = 'public.incoming'::regclass), 'u'::"char", 'delta tables are not logged');
select lives_ok($$select backlog.add_pipeline_table('p', 'public.nokey', 'append', p_logged => true)$$, 'unless asked for');
select is((select c.relpersistence from pg_class as c where c.oid = 'public.delta_nokey'::regclass), 'p'::"char", 'then they are');

-- Cycles.
create table public.x (id int primary key, y int not null);
create table public.y (id int primary key, x int not null references public.x);
alter table public.x add constraint x_y foreign key (y) references public.y;
select backlog.create_pipeline('cycle');
select backlog.add_pipeline_table('cycle', 'public.x');
select throws_ok($$select backlog.add_pipeline_table('cycle', 'public.y')$$, 'PB102', 'the foreign keys of x, y form a cycle that no order of loading satisfies', 'a cycle that cannot be opened');
alter table public.x drop constraint x_y;
alter table public.x add constraint x_y foreign key (y) references public.y deferrable;
select lives_ok($$select backlog.add_pipeline_table('cycle', 'public.y')$$, 'one that can be deferred');
insert into public.delta_x values (1, 1), (2, 1);
insert into public.delta_y values (1, 2);
select results_eq($$select l.outcome, l.inserted, l.error from backlog.load_pipeline('cycle') as l$$, $$values ('loaded', 3::bigint, null::text)$$, 'loads');
alter table public.x drop constraint x_y;
alter table public.x alter column y drop not null;
alter table public.x add constraint x_y foreign key (y) references public.y;
insert into public.delta_x values (3, 2), (1, 2);
insert into public.delta_y values (2, 3);
select results_eq($$select l.outcome, l.inserted, l.updated, l.error from backlog.load_pipeline('cycle') as l$$, $$values ('loaded', 2::bigint, 1::bigint, null::text)$$, 'as does one whose columns may be null for a while');
select results_eq('select x.id, x.y from public.x as x order by 1', 'values (1, 2), (2, 1), (3, 2)', 'with all columns filled in the end');

select * from finish();
rollback;
