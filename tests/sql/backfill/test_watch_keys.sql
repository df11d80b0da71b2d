begin;
select plan(31);

select backlog.create_pipeline('p');
create table public.src (id int primary key, v int);
create table public.dst (like public.src including all);
insert into public.src select n, n from generate_series(1, 20) as n;
create function pg_temp.make(p_more text = '') returns bigint language plpgsql as $$
declare v bigint;
begin
  execute format('select backlog.create_backfill(%L, %L, p_destination => %L, p_consistency => %L%s)', 'p', 'public.src', '{"kind": "table", "table": "public.dst"}', 'converge', p_more) into v;
  update backlog_internal.backfill set plan_snapshot = null;
  return v;
end $$;
create function pg_temp.triggers() returns text[] language sql as $$
  select coalesce(array_agg(regexp_replace(t.tgname, '.*_', '') || ' ' || t.tgenabled::text order by t.tgname), array[]::text[])
  from pg_trigger as t where t.tgrelid = 'public.src'::regclass and not t.tgisinternal
$$;
create function pg_temp.row() returns backlog_internal.backfill language sql as 'select b from backlog_internal.backfill as b';

-- What watches.
create temp table made as select pg_temp.make() as id;
select is(pg_temp.triggers(), array['delete O', 'insert O', 'replica R', 'truncate A', 'update O'], 'statements here, rows of replicas, and truncation anywhere');
select is((pg_temp.row()).watched_tables, array['public.src'::regclass::oid], 'it knows which tables it watches');
update public.src set id = id + 100 where id <= 2;
select results_eq('select t.key from backlog_internal.backfill_touched as t order by t.key[1]::int', $$values (array['1']), (array['2']), (array['101']), (array['102'])$$, 'old and new keys are noted');
select is(backlog_internal.stop_watching((pg_temp.row()).backfill_id), false, 'one that runs goes on watching');
select is(backlog_internal.tick_watches(), '{"watches_ended": 0}', 'whoever asks');

-- What ends it.
select backlog.cancel_backfill(m.id) from made as m;
select is(pg_temp.triggers(), array[]::text[], 'a cancelled one does not watch');
select is_empty('select from backlog_internal.backfill_touched', 'what it noted is gone');
select isnt((pg_temp.row()).unwatched_at, null, 'it knows since when');
select is(backlog_internal.stop_watching(m.id), false, 'and does so once') from made as m;
delete from public.src where id = 20;
select backlog.resume_backfill(m.id) from made as m;
select is((pg_temp.row()).unwatched_at, null, 'resumed it watches again');
select results_eq('select c.kind, c.state from backlog_internal.backfill_chunk as c order by 1', $$values ('extra', 'PENDING'), ('range', 'PENDING')$$, 'and starts over');

-- Reasons.
select backlog.set_setting('backfill_max_touched_keys', '3');
update backlog_internal.backfill set state = 'EXECUTING';
insert into backlog_internal.backfill_touched (backfill_id, key) select m.id, array[n::text] from made as m, generate_series(1, 4) as n;
select is(backlog_internal.watch_end_reason(pg_temp.row()), null, 'one that is worked on may have any number of keys');
update backlog_internal.backfill set paused_at = now();
select is(backlog_internal.watch_end_reason(pg_temp.row()), 'more than 3 changed keys wait', 'one that is paused may not');
delete from backlog_internal.backfill_touched where key = '{2}';
select is(backlog_internal.watch_end_reason(pg_temp.row()), null, 'keys of others in between are not counted');
update backlog_internal.backfill set paused_at = null, state = 'FAILED', finished_at = backlog_internal.clock();
select is(backlog_internal.watch_end_reason(pg_temp.row()), null, 'one that has just failed');
insert into backlog_internal.backfill_touched (backfill_id, key) select m.id, array['x'] from made as m;
select is(backlog_internal.watch_end_reason(pg_temp.row()), 'more than 3 changed keys wait', 'unless too many wait for it too');
select backlog.set_setting('backfill_max_touched_keys', '1000');
update backlog_internal.backfill set finished_at = timestamptz '2020-01-01 00:00:00+00';
select matches(backlog_internal.watch_end_reason(pg_temp.row()), '^it failed at 2020-01-01', 'one that failed long ago');
select is(backlog_internal.tick_watches(), '{"watches_ended": 1}', 'the housekeeper sees to it');
select is(pg_temp.triggers(), array[]::text[], 'and takes the triggers away');
select is((pg_temp.row()).reason, 'resumed; it failed at ' || timestamptz '2020-01-01 00:00:00+00' || ', so changes are no longer noted', 'which it tells');
select backlog.delete_backfill(m.id) from made as m;

-- What ends in a moment or not at all.
select throws_like($$select pg_temp.make(', p_incremental => ''{"column": "v"}''')$$, 'PB302', '%cannot be incremental', 'what converges reads everything');
create role tap_stranger;
grant usage on schema backlog_internal to tap_stranger;
grant execute on function backlog_internal.watch_table(backlog_internal.backfill, regclass) to tap_stranger;
set local role tap_stranger;
select throws_ok($$select backlog_internal.watch_table(null, 'public.src')$$, '42501', 'role tap_stranger does not own public.src', 'who could not take triggers off puts none on');
reset role;

-- Rows that only the destination has.
insert into public.dst select n, n from generate_series(5000, 8999) as n;
insert into public.dst values (1, 1);
update made set id = pg_temp.make(', p_batch_size => 100');
select backlog_internal.add_extra_chunk(m.id) from made as m;
create function pg_temp.extra() returns backlog_internal.backfill_chunk language sql as $$
  select c from backlog_internal.backfill_chunk as c where c.kind = 'extra' order by c.chunk_id desc limit 1
$$;
select is(backlog_internal.delete_extra(pg_temp.row(), pg_temp.extra()), 1000::bigint, 'a thousand are looked at, none of which is there');
select is((pg_temp.extra()).lower_key, array['5998'], 'and the rest is another chunk');
create table public.part (primary key (id)) inherits (public.src);
insert into public.part values (50, 1), (60, 1);
select is(backlog_internal.table_family('public.src'), array['public.src'::regclass, 'public.part'::regclass]::oid[], 'a table has a child');
select ok(backlog_internal.plan_missed(pg_temp.row()), 'which is noticed');
select ok(not backlog_internal.plan_missed(pg_temp.row()), 'once');
select results_eq($$select c.lower_key, c.upper_key from backlog_internal.backfill_chunk as c where c.kind = 'range' order by c.chunk_id desc limit 1$$, $$values (array['19'], array['60'])$$, 'its keys are read again');
insert into backlog_internal.backfill_touched (backfill_id, key) select m.id, array[n::text] from made as m, generate_series(1, 1000) as n;
select ok(not backlog_internal.plan_touched(m.id), 'a thousand keys are copied under the lock') from made as m;
insert into backlog_internal.backfill_touched (backfill_id, key) select m.id, array['1001'] from made as m;
select ok(backlog_internal.plan_touched(m.id), 'more are a chunk') from made as m;
insert into backlog_internal.backfill_chunk (backfill_id, kind, created_at) select m.id, 'touched', now() from made as m, generate_series(2, 50);
select ok(not backlog_internal.plan_touched(m.id), 'but not without end') from made as m;

select * from finish();
rollback;
