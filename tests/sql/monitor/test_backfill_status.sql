begin;
select plan(11);
set local test.now = '2030-01-01 12:00:00+00';

-- The clock is ahead of the sessions of other tests.
select backlog.set_setting('backfill_max_snapshot_seconds', '0');
create table public.orders (id int primary key, amount int);
insert into public.orders select n, n from generate_series(1, 40) as n;
analyze public.orders;
create table public.strict (id int primary key, amount int check (amount < 15));
create table public.archive (id int primary key, amount int);
select backlog.create_pipeline('shop');
select is(
  backlog_internal.backfill_status(),
  '{"pending": 0, "executing": 0, "paused": 0, "throttled": 0, "failed": 0, "oldest_at": null, "rows_copied_today": 0,
    "live": [], "failures": []}'::jsonb,
  'no backfills'
);

create table public.run (name text, id bigint);
create function public.id_of(p_name text) returns bigint language sql as $$
  select r.id from public.run as r where r.name = p_name
$$;
insert into public.run select 'first', backlog.create_backfill(
  'shop', 'orders', p_destination => '{"kind": "table", "table": "public.archive"}', p_batch_size => 10
);
set local test.now = '2030-01-01 13:00:00+00';
insert into public.run select 'bad', backlog.create_backfill(
  'shop', 'orders', p_destination => '{"kind": "table", "table": "public.strict"}', p_on_error => 'fail'
);
insert into public.run select 'idle', backlog.create_backfill(
  'shop', 'orders', p_destination => '{"kind": "archive", "path": "a"}', p_start => false
);
insert into public.run select 'broken', backlog.create_backfill('shop', 'orders', p_destination => '{"kind": "archive"}');
select is((backlog_internal.backfill_status() ->> 'pending')::int, 4, 'all are new');
do $$
begin
  loop
    perform backlog.run_backfill_step(public.id_of('first'));
    exit when (select b.rows_matched from backlog.backfills as b where b.backfill_id = public.id_of('first')) >= 10;
  end loop;
end
$$;
select backlog.run_backfill_step(public.id_of('bad'), 50);
select backlog.trip_circuit_breaker('backfill.archive', public.id_of('broken')::text, 60, 'no route to host');

create table public.report as select backlog.status_report() -> 'backfills' as r;
select is(
  (select r.r - 'live' - 'failures' from public.report as r),
  '{"pending": 2, "executing": 1, "paused": 1, "throttled": 1, "failed": 1, "rows_copied_today": 10,
    "oldest_at": "2030-01-01T12:00:00+00:00"}'::jsonb,
  'the report counts them'
);
select results_eq(
  $$select e.one ->> 'state', e.one ->> 'kind', e.one ->> 'waits_for', (e.one ->> 'waits_since')::timestamptz
    from public.report as r, jsonb_array_elements(r.r -> 'live') with ordinality as e (one, place) order by e.place$$,
  $$values ('EXECUTING', 'table', null, null),
    ('PENDING', 'archive', 'paused: not started', '2030-01-01 13:00:00+00'::timestamptz),
    ('PENDING', 'archive', 'circuit breaker open: no route to host', '2030-01-01 13:00:00+00')$$,
  'what they wait for'
);
select ok(
  (select (r.r #>> '{live,0,percent}')::numeric between 20 and 30 from public.report as r), 'and how far they are'
);
select is(
  (select r.r -> 'failures' from public.report as r),
  jsonb_build_array(jsonb_build_object(
    'backfill_id', public.id_of('bad'), 'pipeline', 'shop', 'table', 'public.orders', 'kind', 'table',
    'reason', '1 chunk failed', 'finished_at', '2030-01-01T13:00:00+00:00'
  )),
  'which failed, and why'
);

-- Alerts
select results_eq(
  $$select a.alert, a.severity, a.event_type, a.channel_name, a.items, a.since from backlog.retry_queue_alerts as a
    where a.alert like 'backfill%'$$,
  $$values ('backfill_failed', 'warning', 'backfill.sql', public.id_of('bad')::text, 1::bigint,
    '2030-01-01 13:00:00+00'::timestamptz)$$,
  'a failure is an alert'
);
select matches(
  (select a.advice from backlog.retry_queue_alerts as a where a.alert = 'dead_letters'), 'backlog.retry_backfill',
  'its dead letter is not to be redriven by itself'
);
set local test.now = '2030-01-01 13:09:00+00';
do $$
begin
  loop
    perform backlog.run_backfill_step(public.id_of('first'));
    exit when (select b.rows_matched from backlog.backfills as b where b.backfill_id = public.id_of('first')) >= 20;
  end loop;
end
$$;
set local test.now = '2030-01-01 13:15:00+00';
select is_empty(
  $$select a.* from backlog.retry_queue_alerts as a
    where a.alert = 'waiting_too_long' and a.channel_name = public.id_of('first')::text$$,
  'chunks wait for their turn: no alert while others are done'
);
set local test.now = '2030-01-01 13:20:00+00';
select results_eq(
  $$select a.event_type, a.severity from backlog.retry_queue_alerts as a
    where a.alert = 'waiting_too_long' and a.channel_name = public.id_of('first')::text$$,
  $$values ('backfill.sql', 'warning')$$, 'one that nobody works on is'
);
update backlog_internal.backfill as b set throttle_reason = 'a replica is behind', throttled_at = '2030-01-01 13:00:00+00'
where b.backfill_id = public.id_of('first');
select results_eq(
  $$select a.severity, a.channel_name, a.advice from backlog.retry_queue_alerts as a where a.alert = 'backfill_throttled'$$,
  $$values ('info', public.id_of('first')::text, 'a replica is behind')$$, 'as is one that waits for long'
);

select * from finish();
rollback;
