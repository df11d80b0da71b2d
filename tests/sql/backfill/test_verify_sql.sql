begin;
select plan(8);
select backlog.create_pipeline('p');
-- Two collations that order alike are in conflict as much as two that do not.
create table public.src (k text collate "C" primary key, v int);
insert into public.src select (array['a', 'B', 'c', 'D'])[1 + n % 4] || n, n from generate_series(1, 300) as n;
analyze public.src;
create table public.dst (k text collate "POSIX" primary key, v int);
create function pg_temp.run() returns text language plpgsql as $$
begin
  while (backlog.run_backfill_step() ->> 'more')::boolean loop
  end loop;
  return (select b.state from backlog.backfills as b order by b.backfill_id desc limit 1);
end$$;
create function pg_temp.found() returns text language sql as $$
  select backlog.verify_backfill(max(b.backfill_id), 1000, clock_timestamp()) from backlog.backfills as b;
  select string_agg(d.key[1] || ' ' || d.problem, ', ' order by d.key[1]) from backlog.backfill_differences as d
$$;

select backlog.create_backfill('p', 'public.src', p_destination => '{"kind": "table", "table": "public.dst"}', p_batch_size => 50);
select is(pg_temp.run(), 'COMPLETED', 'another collation takes the rows');
select is(pg_temp.found(), null, 'both sides are equal');
delete from public.src where k = 'B1';
update public.src set v = 0 where k = 'D3';
insert into public.src values ('Bb', 1);
select is(pg_temp.found(), 'B1 extra, Bb missing, D3 different', 'what differs is found by its key');
select is(backlog.repair_backfill(b.backfill_id), 3::bigint, 'and can be repaired') from backlog.backfills as b;
select is(pg_temp.run(), 'COMPLETED', 'without a conflict');
select bag_eq('table public.dst', 'table public.src', 'so that both are equal');

create table public.near (k text collate "POSIX" primary key, v int);
select backlog.create_backfill('p', 'public.src', p_destination => '{"kind": "table", "table": "public.near"}', p_batch_size => 50, p_consistency => 'converge');
select backlog.run_backfill_step();
truncate public.src;
insert into public.src select (array['a', 'B', 'c', 'D'])[1 + n % 4] || n, n from generate_series(100, 2000) as n;
update public.src set k = lower(k) || 'x' where v % 3 = 0;
select is(pg_temp.run(), 'COMPLETED', 'a run converges to another collation');
select bag_eq('table public.near', 'table public.src', 'and is exact');
select * from finish();
rollback;
