begin;
select plan(19);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.create_pipeline('orders');

-- Partitions
select is((backlog.tick() -> 'event_partitions_made')::int, 4, 'today and three days ahead');
select is((backlog.tick() -> 'event_partitions_made')::int, 0, 'once');
select backlog.save_checkpoint('orders', '{"day": 1}');
select is((select e.tableoid::regclass::text from backlog_internal.event as e), 'backlog_internal.event_20300101', 'an event goes to its day');
set local test.now = '2030-01-10 12:00:00+00';
select backlog.save_checkpoint('orders', '{"day": 10}');
select backlog.tick();
select is((select count(*) from backlog_internal.event), 2::bigint, 'events are kept for two weeks');
set local test.now = '2030-01-16 00:00:00+00';
select is((backlog.tick() -> 'events_removed')::int, 1, 'then their day is dropped');
select is(to_regclass('backlog_internal.event_20300101'), null, 'the whole of it');
set local test.now = '2030-01-25 12:00:00+00';
select is((backlog.tick() -> 'events_removed')::int, 1, 'and so are events without a day of their own');
select is((select count(*) from backlog_internal.event), 0::bigint, 'none is left');

-- Deliveries that are still to be made keep their events
select backlog.register_hook('each', p_mode => 'individual');
select backlog.tick();
select backlog.save_checkpoint('orders', (select jsonb_agg(jsonb_build_object('n', n)) from generate_series(1, 200) as n));
set local test.now = '2030-03-01 12:00:00+00';
select is((backlog.tick() -> 'events_removed')::int, 0, 'old events that somebody waits for stay');
select backlog.expand_deliveries(a.id, a.lock_token) from backlog.acquire_retry_items('w', 10, 300, '{hook.expand}') as a;
select is((backlog.tick() -> 'events_removed')::int, 1, 'until they are delivered');

-- Failures are added up
select backlog.record_incident('orders', '{}', 'first') from generate_series(1, 3);
select is((backlog.tick() -> 'failures_rolled_up')::int, 3, 'rows are added up');
select results_eq('select f.failures, f.last_error from backlog.failure_stats as f', $$values (3::bigint, 'first')$$, 'to the same sum');
select is((select count(*) from backlog_internal.failure_count), 1::bigint, 'one row is left');
select is((backlog.tick() -> 'failures_rolled_up')::int, 0, 'which is not written again');

-- Incidents that are over
select backlog.enqueue_retry_item('mail', '{}', p_max_retries => 0);
select backlog.fail_retry_item(a.id, 'w', 'bad', 'X') from backlog.acquire_retry_items('w', 10, 300, '{mail}') as a;
select backlog.discard_dead_letters(p_reason => 'not worth it');
select is((backlog.tick() -> 'incidents_settled')::int, 1, 'what became of it is kept');
select results_eq($$select i.state, i.note from backlog.incidents as i where i.source = 'dead_letter'$$, $$values ('dismissed', 'not worth it')$$, 'with the reason');
select backlog.resolve_incident(min(i.incident_id), 'dismiss') from backlog.incidents as i where i.state = 'open';
set local test.now = '2030-06-10 12:00:00+00';
select is((backlog.tick() -> 'incidents_removed')::int, 2, 'settled incidents go after their time');
select is((select count(*) from backlog.incidents as i where i.state = 'open'), 2::bigint, 'open ones stay');

select is((select backlog.status_report() -> 'incidents' -> 'open'), '2'::jsonb, 'the report counts them');
select * from finish();
rollback;
