begin;
select plan(17);

-- The sessions of other tests are none of this one's business.
select backlog.set_setting('backfill_max_snapshot_seconds', '0');
select backlog.set_setting('backfill_max_slot_wal_mb', '0');
select backlog.set_setting('backfill_max_replica_lag_mb', '0');
create table public.src (id int primary key);
insert into public.src values (1);
create table public.dst (id int primary key);
create table public.mood (reason text);
select backlog.create_pipeline('p');
select is(backlog.backfill_throttle('public.src'), null, 'all is well');
select is(backlog.backfill_throttle(), null, 'also in general');

select backlog.set_backfill_condition('mood', 'select m.reason from public.mood as m');
select is(backlog.backfill_throttle('public.src'), null, 'a condition without a row has no objection');
insert into public.mood values ('rush hour');
select is(backlog.backfill_throttle('public.src'), 'condition mood: rush hour', 'one with a reason has');
select is((backlog.create_backfill('p', 'public.src', p_destination => '{"kind": "table", "table": "public.dst"}')) > 0, true, 'a backfill may be made');
update backlog_internal.backfill set plan_snapshot = null;
select is(backlog.run_backfill_step() ->> 'reason', 'condition mood: rush hour', 'but waits');
select results_eq('select b.throttle_reason, b.throttled_at is not null, b.state from backlog.backfills as b', $$values ('condition mood: rush hour', true, 'PENDING')$$, 'and shows why');
delete from public.mood;
select is(backlog.run_backfill_step() ->> 'action', 'copied', 'until the reason is gone');
select results_eq('select b.throttle_reason, b.throttled_at from backlog.backfills as b', 'values (null::text, null::timestamptz)', 'which it shows as well');
drop table public.mood;
select is(backlog.backfill_throttle(), 'condition mood: relation "public.mood" does not exist', 'a condition that cannot be asked counts as bad news');
select backlog.set_backfill_condition('mood', null);
select is(backlog.backfill_throttle(), null, 'a condition can be taken away');
select throws_ok($$select backlog.set_backfill_condition('x', 'drop table public.src')$$, 'PB302', null, 'a condition is a query');
select throws_ok($$select backlog.set_backfill_condition('x y', 'select null')$$, 'PB003', null, 'with a name');
create role tap_operator;
grant backlog_operator to tap_operator;
set local role tap_operator;
select throws_ok($$select backlog.set_backfill_condition('x', 'select null')$$, '42501', null, 'of members of the owner''s role only');
reset role;

-- A session that found all well does not ask again at once.
set local test.now = '2030-01-01 00:00:00+00';
select set_config('backlog.throttle_asked', '', true);
create table public.mood (reason text);
select backlog.set_backfill_condition('mood', 'select m.reason from public.mood as m');
select backlog_internal.ask_throttle('public.src');
insert into public.mood values ('rush hour');
select is(backlog_internal.ask_throttle('public.src'), null, 'for a moment the last answer stands');
set local test.now = '2030-01-01 00:00:02+00';
select is(backlog_internal.ask_throttle('public.src'), 'condition mood: rush hour', 'then it is asked again');
select backlog.set_backfill_condition('mood', null);
set local test.now = '';
select backlog.set_setting('backfill_max_snapshot_seconds', '3600');
select ok(backlog.backfill_throttle() is null or backlog.backfill_throttle() like 'session % has held back vacuum for %', 'old snapshots are a reason');

select * from finish();
rollback;
