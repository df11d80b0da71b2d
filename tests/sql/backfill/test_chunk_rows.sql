begin;
select plan(10);

select backlog.create_pipeline('p');
create table public.wide (id int primary key, body text);
alter table public.wide alter body set storage external;
insert into public.wide select n, repeat('x', 50000) from generate_series(1, 60) as n;
analyze public.wide;
create table public.wide_copy (like public.wide including all);
create table public.run as
select backlog.create_backfill(
  'p', 'public.wide', p_destination => '{"kind": "table", "table": "public.wide_copy"}', p_batch_size => 1000
) as id;
update backlog_internal.backfill set plan_snapshot = null;

create function public.rows() returns int language sql as $$
  select backlog_internal.chunk_rows(b) from backlog_internal.backfill as b, public.run as r where b.backfill_id = r.id
$$;
select ok(
  (select b.row_width between 40000 and 70000 from backlog_internal.backfill as b), 'what is stored out of line counts'
);
select is(public.rows(), 1000, 'as many rows as are asked for');
select backlog.set_setting('backfill_chunk_mb', '1');
select ok(public.rows() between 10 and 25, 'or as many as so many megabytes hold');
select backlog.set_setting('backfill_chunk_mb', '0.001');
select is(public.rows(), 1, 'one at least');
select backlog.set_setting('backfill_chunk_mb', '1');
do $$
begin
  while (backlog.run_backfill_step() ->> 'more')::boolean loop end loop;
end
$$;
select ok(
  (select max(c.rows_written) <= 25 and count(*) >= 3 from backlog.backfill_chunks as c), 'chunks come out like that'
);
select is((select count(*) from public.wide_copy), 60::bigint, 'and hold all');

-- What a writer has measured is better than what was expected.
update backlog_internal.backfill_chunk set bytes = rows_matched * 200000;
select is(public.rows(), 5, 'rows that came out wider make chunks smaller');

-- By time.
select backlog.set_setting('backfill_chunk_mb', '0');
update backlog_internal.backfill_chunk
set rows_scanned = 100, started_at = '2030-01-01 00:00:00+00', finished_at = '2030-01-01 00:00:10+00';
select is(public.rows(), 100, 'slow chunks make the next ones smaller, which stay at a hundred at least');
update backlog_internal.backfill_chunk set rows_scanned = 400, finished_at = '2030-01-01 00:00:01+00';
select is(public.rows(), 600, 'when they are quick again they grow by half as much');
update backlog_internal.backfill_chunk set rows_scanned = 20, finished_at = '2030-01-01 00:00:00.01+00';
select is(public.rows(), 1000, 'one that is small for another reason does not make the next one small');

select * from finish();
rollback;
