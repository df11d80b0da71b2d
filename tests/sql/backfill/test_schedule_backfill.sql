begin;
select plan(30);

set local test.now = '2030-01-01 00:00:00+00';
-- The clock of the test is far ahead of the sessions beside it.
select backlog.set_setting('backfill_max_snapshot_seconds', '0');
create table public.src (id int primary key, changed_at timestamptz not null);
create table public.dst (like public.src including all);
create index on public.src (changed_at);
insert into public.src select n, timestamptz '2024-01-01 00:00+00' + n * interval '1 s' from generate_series(1, 100) as n;
select backlog.create_pipeline('p');
create function pg_temp.go() returns text language plpgsql as $$
declare v jsonb;
begin
  update backlog_internal.backfill set plan_snapshot = null;
  for n in 1..200 loop
    v := backlog.run_backfill_step();
    exit when not (v ->> 'more')::boolean;
  end loop;
  return (select b.state from backlog.backfills as b order by b.backfill_id desc limit 1);
end $$;
create function pg_temp.last_run() returns setof backlog.backfills language sql as 'select * from backlog.backfills as b order by b.backfill_id desc limit 1';

-- Runs that read what is new.
select backlog.schedule_backfill('nightly', '1 hour', '{"pipeline": "p", "table_name": "src", "destination": {"kind": "table", "table": "dst"}, "incremental": {"column": "changed_at", "overlap": 10}, "batch_size": 20}');
select results_eq('select s.name, s.every, s.next_at, s.last_state from backlog.backfill_schedules as s', $$values ('nightly', interval '1 hour', timestamptz '2030-01-01 00:00+00', null::text)$$, 'a schedule is listed');
select is(backlog.tick() ->> 'backfills_made', '1', 'tick makes the run that is due');
select is(backlog.tick() ->> 'backfills_made', '0', 'once');
select is(pg_temp.go(), 'COMPLETED', 'it runs');
select results_eq('select r.rows_matched, r.cursor_from, r.key_columns from pg_temp.last_run() as r', $$values (100::bigint, null::text, '{changed_at}'::text[])$$, 'over everything at first, by the index on the cursor');
insert into public.src values (101, '2024-01-01 00:01:35+00'), (102, '2024-01-02 00:00+00'), (103, '2024-01-01 00:00+00');
update public.src set changed_at = '2024-01-03 00:00+00' where id = 5;
set local test.now = '2030-01-01 00:30:00+00';
select is(backlog.tick() ->> 'backfills_made', '0', 'before its time nothing');
set local test.now = '2030-01-01 05:30:00+00';
select is(backlog.tick() ->> 'backfills_made', '1', 'then the next, once for all that were missed');
select is((select s.next_at from backlog.backfill_schedules as s), timestamptz '2030-01-01 06:30:00+00', 'and a period later again');
select is(pg_temp.go(), 'COMPLETED', 'it runs');
select is((select r.rows_matched from pg_temp.last_run() as r), 14::bigint, 'over what is new, and the overlap');
select results_eq('select d.id from public.dst as d where d.id > 100 or d.changed_at > ''2024-01-02'' order by 1', 'values (5), (101), (102)', 'late rows within it are found, later ones are not');
select is((select count(*) from public.dst), 102::bigint, 'and nothing is there twice');
select is((select r.cursor_to from pg_temp.last_run() as r)::timestamptz, timestamptz '2024-01-03 00:00+00', 'where it came to is kept');
set local test.now = '2030-01-01 07:00:00+00';
select is(backlog.tick() ->> 'backfills_made', '1', 'a run is made');
set local test.now = '2030-01-01 09:00:00+00';
select is(backlog.tick() ->> 'backfills_made', '0', 'none is added while it is not over');
select is(pg_temp.go(), 'COMPLETED', 'it may find nothing new but the overlap');
alter table public.dst rename to gone;
select backlog.tick();
select results_eq('select s.last_error, s.last_state from backlog.backfill_schedules as s', $$values ('there is no table ''dst'' (PB302)', 'COMPLETED')$$, 'a schedule that no longer works says why');
select backlog.unschedule_backfill('nightly');
select is((select count(*) from backlog.backfill_schedules), 0::bigint, 'and can be dropped');
select throws_ok($$select backlog.unschedule_backfill('nightly')$$, 'PB005', null, 'once');
select throws_ok($$select backlog.schedule_backfill('x y', '1 hour', '{}')$$, 'PB003', null, 'a name');
select throws_ok($$select backlog.schedule_backfill('x', '0', '{}')$$, 'PB003', null, 'a period');
select throws_ok($$select backlog.schedule_backfill('x', '1 hour', '{"nope": 1}')$$, 'PB302', null, 'an unknown option');
select throws_ok($$select backlog.schedule_backfill('x', '1 hour', '{"pipeline": "nope"}')$$, 'PB101', null, 'an unknown pipeline');

-- One at a time for each table and destination, by priority otherwise.
alter table public.gone rename to dst;
create table public.dst2 (like public.src including all);
create temp table made as
select backlog.create_backfill('p', 'src', p_destination => '{"kind": "table", "table": "dst"}', p_batch_size => 50) as first,
  backlog.create_backfill('p', 'src', p_destination => '{"kind": "table", "table": "dst"}') as second,
  backlog.create_backfill('p', 'src', p_destination => '{"kind": "table", "table": "dst2"}', p_priority => 9, p_workers => 1) as urgent;
update backlog_internal.backfill set plan_snapshot = null;
select is((backlog.run_backfill_step() ->> 'backfill_id')::bigint, (select m.urgent from made as m), 'the urgent one first');
select is(backlog.run_backfill_step((select m.second from made as m)) ->> 'reason', format('backfill %s of the same table and destination comes first', (select m.first from made as m)), 'the second of a series waits for the first');
select pg_temp.go();
select is((select count(*) from backlog.backfills as b where b.state = 'COMPLETED'), 6::bigint, 'in the end all are done');

-- Whoever ticks may have another time zone, and write days before months
set local test.now = '2030-03-30 12:00:00+00';
create table public.timed (id int primary key, at timestamptz);
insert into public.timed values (1, '2030-02-01 11:59:59+00'), (2, '2030-02-01 12:00:00+00');
create table public.timed2 (like public.timed including all);
set local timezone = 'Europe/Berlin';
set local datestyle = 'ISO, DMY';
select backlog.schedule_backfill('daily', '1 day', '{"pipeline": "p", "table_name": "timed", "destination": {"kind": "table", "table": "timed2"}, "filters": [{"column": "at", "operator": ">=", "value": "1/2/2030 13:00"}]}', '2030-03-30 08:00');
set local timezone = 'UTC';
set local datestyle = 'ISO, MDY';
select backlog.tick();
select is(pg_temp.go(), 'COMPLETED', 'a filter is read as by who scheduled it');
select results_eq('select t.id from public.timed2 as t', 'values (2)', 'so that the same rows are copied');
select is((select s.next_at from backlog.backfill_schedules as s where s.name = 'daily'), timestamptz '2030-03-31 08:00:00+02', 'a day later, where the clocks are put forward meanwhile');
select is(current_setting('timezone') || current_setting('datestyle'), 'UTCISO, MDY', 'who ticks keeps the settings');

select * from finish();
rollback;
