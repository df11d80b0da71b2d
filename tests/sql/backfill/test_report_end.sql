begin;
select plan(16);
set local test.now = '2030-01-01 12:00:00+00';

create table public.orders (id int primary key, amount int);
insert into public.orders select n, n from generate_series(1, 20) as n;
analyze public.orders;
create table public.archive (id int primary key, amount int);
create table public.strict (id int primary key, amount int constraint small check (amount < 15));
select backlog.create_pipeline('shop');

-- Who is told what
create table public.told (kind text, state text, record_count int, rows_written int, error text, reason text, pipeline text);
create function public.tell(p_event jsonb) returns void language sql begin atomic
  insert into public.told
  select
    p_event ->> 'kind', p_event -> 'metadata' ->> 'state', (p_event ->> 'record_count')::int,
    (p_event -> 'metadata' ->> 'rows_written')::int, p_event ->> 'error', p_event -> 'records' -> 0 ->> 'reason',
    p_event ->> 'pipeline'
  where p_event -> 'metadata' ? 'state';
end;
select backlog.register_sql_hook('ends', 'public.tell(jsonb)', 'checkpoint', p_payload => 'none');
select backlog.register_sql_hook('failures', 'public.tell(jsonb)', 'incident');
select backlog.register_sql_hook('alarms', 'public.tell(jsonb)', 'alert');
create table public.run (name text, id bigint);

-- Completion
insert into public.run
select 'good', backlog.create_backfill('shop', 'orders', p_destination => '{"kind": "table", "table": "public.archive"}');
select backlog.run_backfill_step(r.id, 50) from public.run as r;
select backlog.run_sql_hooks();
select results_eq(
  'select t.kind, t.state, t.record_count, t.rows_written, t.pipeline from public.told as t',
  $$values ('checkpoint', 'COMPLETED', 0, 20, 'shop')$$,
  'a hook is told of the end; the rows were counted chunk by chunk'
);
select is_empty('select i.incident_id from backlog.incidents as i', 'that is no incident');
truncate public.told;

-- Failure
select backlog.set_critical_rule('failed backfill', $$record ->> 'state' = 'FAILED'$$);
insert into public.run
select 'bad', backlog.create_backfill(
  'shop', 'orders', p_destination => '{"kind": "table", "table": "public.strict"}', p_on_error => 'fail'
);
create function public.bad() returns bigint language sql as $$ select r.id from public.run as r where r.name = 'bad' $$;
select backlog.run_backfill_step(public.bad(), 50);
select backlog.run_sql_hooks();
select is((select b.state from backlog.backfills as b where b.backfill_id = public.bad()), 'FAILED', 'it fails');
select results_eq(
  'select t.kind, t.state, t.error, t.reason, t.pipeline from public.told as t order by t.kind',
  $$values ('alert', 'FAILED', '1 chunk failed', '1 chunk failed', 'shop'),
    ('incident', 'FAILED', '1 chunk failed', '1 chunk failed', 'shop')$$,
  'a hook is told of the failure, and one for alerts if a rule finds it critical'
);
select results_eq(
  $$select i.state, i.critical, i.critical_because, i.pipeline, i.error_code, i.attempt, i.source,
      (i.metadata ->> 'backfill_id')::bigint, i.record ->> 'table', i.correlation_id
    from backlog.incidents as i where i.source = 'backfill'$$,
  $$values ('open', true, 'failed backfill', 'shop', '23514', 1, 'backfill', public.bad(), 'public.orders',
    'backfill:' || public.bad())$$,
  'and it is an open incident'
);
select is((select f.failures from backlog.failure_stats as f where f.pipeline = 'shop'), 1::bigint, 'that is counted');
select is(
  (select backlog.resolve_incident(i.incident_id, 'replay') from backlog.incidents as i where i.source = 'backfill'),
  'replaying', 'to replay it is to try again'
);
truncate public.told;

-- The same failure again is the same incident
select backlog.retry_backfill(public.bad());
select backlog.run_backfill_step(public.bad(), 50);
select backlog.run_sql_hooks();
select is((select count(*) from public.told as t where t.kind = 'incident'), 1::bigint, 'another failure is told again');
select results_eq(
  $$select i.state, i.attempt from backlog.incidents as i where i.source = 'backfill'$$, $$values ('open', 2)$$,
  'but is the same incident'
);
truncate public.told;

-- Mended
alter table public.strict drop constraint small;
select backlog.retry_backfill(public.bad());
select backlog.run_backfill_step(public.bad(), 50);
select backlog.run_sql_hooks();
select results_eq(
  'select t.kind, t.state from public.told as t', $$values ('checkpoint', 'COMPLETED')$$, 'in the end it completes'
);
select results_eq(
  $$select i.state, i.note from backlog.incidents as i where i.source = 'backfill'$$,
  $$values ('resolved', 'the backfill completed')$$, 'which resolves the incident'
);
truncate public.told;

-- Somebody cancels
insert into public.run
select 'unwanted', backlog.create_backfill('shop', 'orders', p_destination => '{"kind": "archive"}');
select backlog.cancel_backfill(r.id, 'not now') from public.run as r where r.name = 'unwanted';
select backlog.run_sql_hooks();
select results_eq(
  'select t.kind, t.state, t.record_count from public.told as t', $$values ('checkpoint', 'CANCELLED', 0)$$,
  'a hook is told of that as well'
);
select is((select count(*) from backlog.incidents as i where i.source = 'backfill'), 1::bigint, 'that is no incident either');

-- A failure that is deleted does not stay open
insert into public.run
select 'gone', backlog.create_backfill('shop', 'orders', p_destination => '{"kind": "archive", "n": 2}');
create table public.item as
select a.id, a.lock_token from backlog.acquire_retry_items('w', 1, 300, array['backfill.archive']) as a;
alter table public.orders alter column amount type bigint;
select is(
  (select backlog.begin_backfill_chunk(i.id, i.lock_token) ->> 'action' from public.item as i), 'drop', 'its table changed'
);
select is(
  (select i.state from backlog.incidents as i order by i.incident_id desc limit 1), 'open', 'which is a failure'
);
select backlog.delete_backfill(r.id) from public.run as r where r.name = 'gone';
select is(
  (select i.state from backlog.incidents as i order by i.incident_id desc limit 1), 'dismissed', 'and goes with it'
);

select * from finish();
rollback;
