begin;
select plan(9);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.create_pipeline('orders');
select backlog.register_hook('bulk');
select backlog.register_hook('each', p_mode => 'individual');
create function pg_temp.event(p_records int) returns backlog_internal.event language plpgsql as $$
declare v backlog_internal.event;
begin
  v.event_id := nextval('backlog_internal.event_number');
  v.created_at := backlog_internal.clock();
  v.kind := 'checkpoint';
  v.pipeline := 'orders';
  v.source := 'user';
  v.records := (select jsonb_agg(jsonb_build_object('n', n) order by n) from generate_series(1, p_records) as n);
  v.details := (select jsonb_agg(n * 10 order by n) from generate_series(1, p_records) as n);
  v.record_count := p_records;
  v.first_event_id := v.event_id;
  v.hook_ids := array(select h.hook_id from backlog_internal.hook as h);
  return v;
end $$;
create function pg_temp.hooks() returns backlog_internal.hook[] language sql as 'select array(select h from backlog_internal.hook as h order by h.name)';

-- One event of many records.
create temp table one as select pg_temp.event(150) as event;
select backlog_internal.write_large_event((o.event), pg_temp.hooks()) from one as o;
select results_eq('select e.part, e.parts, e.record_count, jsonb_array_length(e.records) from backlog_internal.event as e', 'values (1, 1, 150::bigint, 150)', 'below the limit it is one event');
select results_eq($$select i.event_type from backlog.retry_items as i order by 1$$, $$values ('hook.bulk'), ('hook.expand')$$, 'in bulk it is delivered at once, record by record later');
select backlog.expand_deliveries(a.id, a.lock_token) from backlog.acquire_retry_items('w', 10, 300, '{hook.expand}') as a;
select is((select count(*) from backlog.retry_items as i where i.event_type = 'hook.each'), 150::bigint, 'then each record comes');
truncate backlog_internal.event;
select backlog.complete_retry_items(array_agg(a.id), array_agg(a.lock_token)) from backlog.acquire_retry_items('w', 1000, 300, '{hook.bulk,hook.each}') as a;

-- Several events.
select backlog.set_setting('event_max_records', '100');
create temp table many as select pg_temp.event(250) as event;
select backlog_internal.write_large_event((m.event), pg_temp.hooks()) from many as m;
select results_eq(
  $$select e.part, e.parts, e.record_count, (e.records -> 0 ->> 'n')::int, (e.records -> -1 ->> 'n')::int from backlog_internal.event as e order by e.part$$,
  'values (1, 3, 100::bigint, 1, 100), (2, 3, 100, 101, 200), (3, 3, 50, 201, 250)', 'parts, in order'
);
select is_empty($$select from backlog_internal.event as e cross join generate_series(0, e.record_count::int - 1) as g (n) where (e.details ->> n)::int <> (e.records -> n ->> 'n')::int * 10$$, 'details stay with their records');
select is((select (m.event).event_id from many as m), (select e.event_id from backlog_internal.event as e where e.part = 1), 'the first has the number it was given');
select is((select count(distinct e.first_event_id) from backlog_internal.event as e), 1::bigint, 'which the others name');
select is_empty($$select from backlog.retry_items as i where i.event_type <> 'hook.expand'$$, 'the writer delivers none of them');
select backlog.expand_deliveries(a.id, a.lock_token) from backlog.acquire_retry_items('w', 10, 300, '{hook.expand}') as a;
select results_eq($$select i.event_type, count(*) from backlog.retry_items as i group by 1 order by 1$$, $$values ('hook.bulk', 3::bigint), ('hook.each', 250)$$, 'whoever delivers next does');

select * from finish();
rollback;
