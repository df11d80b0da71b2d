begin;
select plan(6);

-- How rows are read shows in a condition that asks for it.
create function public.by_pages() returns boolean language plpgsql immutable as $$
begin
  return current_setting('enable_indexscan') = 'off';
end $$;
create table public.src (id int primary key, v int);
insert into public.src select n, n from generate_series(1, 3000) as n;
analyze public.src;
create view public.seen as select s.id, s.v from public.src as s;
select backlog.create_pipeline('p');
select backlog.register_backfill_view('public.seen', array['id']);
create function pg_temp.paged(p_table text) returns bigint language plpgsql as $$
begin
  drop table if exists public.dst;
  create table public.dst (id int primary key, v int);
  perform pg_temp.prepare();
  perform backlog.create_backfill('p', p_table, p_destination => '{"kind": "table", "table": "public.dst"}',
    p_batch_size => 1000, p_predicate => 'public.by_pages()');
  while (backlog.run_backfill_step() ->> 'more')::boolean loop
  end loop;
  return (select count(*) from public.dst);
end $$;
create function pg_temp.prepare() returns void language sql as '';
select is(pg_temp.paged('public.src'), 3000::bigint, 'a table is read page by page');
select is(pg_temp.paged('public.seen'), 0::bigint, 'not a view, which may look others up by their indexes');
create or replace function pg_temp.prepare() returns void language plpgsql as $$
begin
  execute 'alter table public.dst add foreign key (id) references public.src';
end $$;
select is(pg_temp.paged('public.src'), 0::bigint, 'not into a table with foreign keys, whose plans would keep to it');
create or replace function pg_temp.prepare() returns void language plpgsql as $$
begin
  execute 'drop table public.dst';
  execute 'create table public.dst (id int primary key, v int) partition by hash (id)';
  execute 'create table public.part partition of public.dst for values with (modulus 1, remainder 0)';
end $$;
select is(pg_temp.paged('public.src'), 0::bigint, 'nor into partitions, which may have triggers');
select is(current_setting('enable_indexscan'), 'on', 'it is over with the statement');

-- Of a key whose first column says little, half of the table may seem to be in a range.
create table public.tenant (t int, n int, pad text, primary key (t, n));
insert into public.tenant select 1, n, repeat('x', 100) from generate_series(1, 20000) as n;
analyze public.tenant;
create function pg_temp.plan(p_where text) returns setof text language plpgsql set enable_indexscan = off set enable_seqscan = off as $$
begin
  return query execute 'explain (costs off) select s.* from public.tenant as s where ' || p_where;
end $$;
select isnt_empty($$select * from pg_temp.plan('(s.t, s.n) <= (1, 1000)') as t (l) where t.l like '%Bitmap Index Scan%'$$, 'a range is found by the index');

select * from finish();
rollback;
