begin;
select plan(7);

-- Its speed is that of the work, whatever pauses it has had.
create table public.src (id int primary key, n int);
insert into public.src select i, i from generate_series(1, 1000) as i;
analyze public.src;
create table public.dst (id int primary key, n int);
select backlog.create_pipeline('p');
create function pg_temp.step(p_at timestamptz) returns text language plpgsql as $$
begin
  perform set_config('test.now', p_at::text, true);
  update backlog_internal.backfill set plan_snapshot = null;
  return backlog.run_backfill_step() ->> 'action';
end $$;
-- The test's clock stands still: a chunk takes as long as this says.
create function pg_temp.lasted(p_time interval) returns void language sql as
  'update backlog_internal.backfill_chunk set started_at = finished_at - p_time where finished_at = backlog_internal.clock()';

set local test.now = '2040-01-01 20:00+00';
select backlog.create_backfill('p', 'src', p_destination => '{"kind": "table", "table": "dst"}', p_batch_size => 100);
select is((select b.rows_per_second from backlog.backfills as b), null, 'no speed before it began');
select is(pg_temp.step('2040-01-01 20:00:02+00'), 'copied', 'a chunk');
select pg_temp.lasted('2 s');
select is((select b.rows_per_second from backlog.backfills as b), round((select max(c.rows_matched) from backlog.backfill_chunks as c) / 2.0), 'rows per second');
select isnt((select b.time_left from backlog.backfills as b), null, 'and the time left');
select backlog.pause_backfill((select b.backfill_id from backlog.backfills as b), 'night');
set local test.now = '2040-01-02 08:00+00';
select backlog.resume_backfill((select b.backfill_id from backlog.backfills as b));
select is((select b.rows_per_second from backlog.backfills as b), null, 'nobody knows its speed after a night');
select is(pg_temp.step('2040-01-02 08:00:01+00'), 'copied', 'until a chunk is done');
select pg_temp.lasted('1 s');
select cmp_ok((select b.rows_per_second from backlog.backfills as b), '>', 50::numeric, 'then it is that of this chunk');

select * from finish();
rollback;
