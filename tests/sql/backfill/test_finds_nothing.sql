begin;
select plan(9);

select backlog.create_pipeline('p');
create table public.src (id bigint primary key, n int);
insert into public.src select n, n from generate_series(1, 1000) as n;
analyze public.src;
create table public.dst (like public.src including all);
create table public.run as
select backlog.create_backfill(
  'p', 'public.src', p_destination => '{"kind": "table", "table": "public.dst"}', p_batch_size => 100, p_workers => 1
) as id;
create function pg_temp.step() returns text language sql as $$
  select backlog.run_backfill_step(r.id) ->> 'action' from public.run as r
$$;
create function pg_temp.known() returns text language sql as $$
  select current_setting('backlog.backfill_empty', true)
$$;

select is(pg_temp.step(), 'copied', 'a chunk');
select is(
  pg_temp.known(), (select format('%s %s', r.id, 'public.dst_pkey'::regclass::oid) from public.run as r),
  'the session knows that the destination is empty there'
);

-- Somebody puts rows where they will be copied to.
insert into public.dst values (150, -1), (560, -1);
select is(pg_temp.step(), 'copied', 'a chunk into whose range somebody has put a row');
select is((select d.n from public.dst as d where d.id = 150), 150, 'the row is overwritten');
select is(pg_temp.known(), '', 'the session knows that it was wrong');
select is(pg_temp.step(), 'copied', 'one more');
select isnt(pg_temp.known(), '', 'it has looked again');

-- Without the index by which an upsert finds rows, nothing may be copied blindly.
alter table public.dst drop constraint dst_pkey;
select isnt(pg_temp.step(), 'copied', 'nothing is copied without the key');
alter table public.dst add primary key (id);
select is(
  (select count(*) from public.dst as d where d.n > 0),
  (select sum(c.rows_matched)::bigint from backlog_internal.backfill_chunk as c where c.state = 'COMPLETED'),
  'what three chunks had is there'
);

select * from finish();
rollback;
