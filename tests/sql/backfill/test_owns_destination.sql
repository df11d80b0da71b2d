begin;
select plan(22);
select backlog.create_pipeline('p');
create table public.src (id int primary key, v int, region text);
insert into public.src select n, n, (array['eu', 'us'])[1 + n % 2] from generate_series(1, 100) as n;
create table public.other (id int primary key, v int, region text);
insert into public.other select n, n, 'other' from generate_series(-5, 0) as n;
create table public.dst (id int primary key, v int, region text);
create function pg_temp.make(p_source text, p_more text = '', p_to text = '"table": "public.dst"') returns bigint language plpgsql as $$
declare v_id bigint;
begin
  execute format('select backlog.create_backfill(''p'', %L, p_destination => %L%s)', p_source,
    '{"kind": "table", ' || p_to || '}', p_more) into v_id;
  while (backlog.run_backfill_step(v_id) ->> 'more')::boolean loop
  end loop;
  return v_id;
end$$;
create function pg_temp.extras(p_id bigint) returns text language sql as $$
  select backlog.verify_backfill(p_id, 1000, clock_timestamp());
  select string_agg(d.key[1], ' ' order by d.key[1]::int)
  from backlog.backfill_differences as d where d.backfill_id = p_id and d.problem = 'extra'
$$;
create function pg_temp.repair(p_id bigint) returns bigint language plpgsql as $$
declare v_count bigint := backlog.repair_backfill(p_id);
begin
  while (backlog.run_backfill_step(p_id) ->> 'more')::boolean loop
  end loop;
  return v_count;
end$$;

-- Two tables, one destination
create temp table made as select pg_temp.make('public.src') as first;
delete from public.src where id = 10;
select is(pg_temp.extras(first), '10', 'what the source no longer has is told') from made;
alter table made add second bigint;
update made set second = pg_temp.make('public.other');
select is(pg_temp.extras(first), null, 'but not once rows of another table are there') from made;
select is(pg_temp.extras(second), null, 'from neither side') from made;
update public.dst set v = 0 where id = 20;
select backlog.verify_backfill(first, 1000, clock_timestamp()) from made;
select is(pg_temp.repair(first), 1::bigint, 'what differs is copied again') from made;
select is((select count(*) from public.dst where region = 'other'), 6::bigint, 'and rows of the other stay');
select backlog.delete_backfill(second) from made;
select is(pg_temp.extras(first), '-5 -4 -3 -2 -1 0 10', 'of a backfill that was deleted nobody knows') from made;
delete from public.dst where region = 'other';

-- Filters
create temp table part (eu bigint);
create table public.eu (like public.dst including all);
insert into part select pg_temp.make('public.src', $$, p_filters => '[{"column": "region", "operator": "=", "value": "eu"}]'$$,
  '"table": "public.eu", "shared": false');
update public.src set region = 'us' where id = 2;
delete from public.src where id = 4;
insert into public.eu values (7, 7, 'who knows');
select is(pg_temp.extras(eu), '2 4 7', 'with filters it is told if the destination is said not to be shared') from part;
select is(pg_temp.repair(eu), 3::bigint, 'and repaired') from part;
select bag_eq('table public.eu', $$select s.* from public.src as s where s.region = 'eu'$$, 'both are equal then');
insert into public.eu values (7, 7, 'who knows');
alter table part add us bigint;
update part set us = pg_temp.make('public.src', $$, p_filters => '[{"column": "region", "operator": "=", "value": "us"}]'$$,
  '"table": "public.eu", "shared": false');
select is(pg_temp.extras(eu), null, 'unless another run has other filters') from part;
select is(pg_temp.extras(us), null, 'for that one as well') from part;
create table public.plain (like public.dst including all);
create temp table unsaid as select pg_temp.make('public.src', $$, p_filters => '[{"column": "region", "operator": "=", "value": "eu"}]'$$,
  '"table": "public.plain"') as id;
insert into public.plain values (7, 7, 'who knows');
select is(pg_temp.extras(id), null, 'or nobody said so') from unsaid;
create table public.grown (like public.dst including all);
create temp table grows as select pg_temp.make('public.src', $$, p_incremental => '{"column": "v"}'$$, '"table": "public.grown", "shared": false') as id;
insert into public.src values (200, 200, 'eu');
insert into grows select pg_temp.make('public.src', $$, p_incremental => '{"column": "v"}'$$, '"table": "public.grown", "shared": false');
select is((select string_agg(pg_temp.extras(id), ' ') from grows), null, 'an incremental run has only a part');
select bag_eq('table public.grown', 'table public.src', 'and has brought it');

-- Keys that the destination does not keep as they are
create table public.fine (id numeric(8, 2) primary key, v int);
insert into public.fine select n + 0.25, n from generate_series(1, 10) as n;
create table public.coarse (id numeric(8) primary key, v int);
create temp table rounded as select pg_temp.make('public.fine', $$, p_mapping => '{"id": {"cast": "numeric(8)"}}'$$, '"table": "public.coarse", "key": ["id"]') as id;
select is((select count(*) from public.coarse), 10::bigint, 'rounded keys arrive');
select throws_like(format('select backlog.verify_backfill(%s)', id), 'PB302', '%cannot be compared%', 'but cannot be compared') from rounded;
select throws_like(
  $$select backlog.create_backfill('p', 'public.fine', p_destination => '{"kind": "table", "table": "public.coarse"}', p_consistency => 'converge')$$,
  'PB302', 'converge needs one unique key%', 'and no run can converge by them'
);
create table public.words (id text primary key, v int, region text);
create temp table texts as select pg_temp.make('public.src', '', '"table": "public.words"') as id;
select bag_eq('select w.id, w.v from public.words as w', 'select s.id::text, s.v from public.src as s', 'numbers become texts');
select is((select b.state from backlog.backfills as b join texts as t on t.id = b.backfill_id), 'COMPLETED', 'without an error');
create table public.wide (id bigint primary key, v int, region varchar);
create temp table wider as select pg_temp.make('public.src', '', '"table": "public.wide"') as id;
select is(pg_temp.extras(id), null, 'a larger type does no harm') from wider;
delete from public.src where id = 50;
select is(pg_temp.extras(id), '50', 'what is too much is told there') from wider;
select is(pg_temp.repair(id), 1::bigint, 'and repaired') from wider;
select * from finish();
rollback;
