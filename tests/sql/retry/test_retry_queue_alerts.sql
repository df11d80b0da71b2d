begin;
select plan(8);
set local test.now = '2030-01-01 12:00:00+00';

select is_empty('select * from backlog.retry_queue_alerts', 'all is well');

select backlog.enqueue_retry_item('mail', p_max_retries => 0, p_channel_name => 'eu') from generate_series(1, 2);
set local test.now = '2030-01-01 12:00:01+00';
select backlog.fail_retry_item(t.id, 'w', 'x', null, t.lock_token) from backlog.acquire_retry_items('w') as t;
select results_eq(
  $$select a.alert, a.severity, a.event_type, a.channel_name, a.items, a.since from backlog.retry_queue_alerts as a$$,
  $$values ('dead_letters', 'warning', 'mail', 'eu', 2::bigint, '2030-01-01 12:00:01+00'::timestamptz)$$, 'dead letters'
);
select count(*) from backlog.discard_dead_letters();

select backlog.enqueue_retry_item('api');
select backlog.trip_circuit_breaker('api', null, 60, 'they sleep');
select results_eq($$select a.alert, a.severity, a.event_type, a.since, a.advice from backlog.retry_queue_alerts as a$$,
  $$values ('breaker_open', 'critical', 'api', '2030-01-01 12:00:01+00'::timestamptz, 'Last error: they sleep')$$, 'an open breaker');
set local test.now = '2030-01-01 12:20:00+00';
select results_eq($$select a.alert from backlog.retry_queue_alerts as a order by 1$$, $$values ('breaker_open'), ('waiting_too_long')$$,
  'half open is not closed; and now its items wait');
select backlog.reset_circuit_breaker('api');
select results_eq($$select a.alert, a.event_type, a.since from backlog.retry_queue_alerts as a$$,
  $$values ('waiting_too_long', 'api', '2030-01-01 12:00:01+00'::timestamptz)$$, 'items that wait too long');
select backlog.pause_event_type('api', 'on purpose');
select results_eq($$select a.alert, a.severity, a.event_type, a.advice from backlog.retry_queue_alerts as a$$,
  $$values ('paused', 'info', 'api', 'on purpose')$$, 'a pause; what is paused does not wait too long');
select backlog.resume_event_type('api');
select count(*) from backlog.acquire_retry_items('w', 10, 60);
set local test.now = '2030-01-01 12:22:00+00';
select is_empty('select * from backlog.retry_queue_alerts', 'a lease that has just run out is nothing');
set local test.now = '2030-01-01 12:22:01+00';
select results_eq($$select a.alert, a.severity, a.event_type, a.items, a.since from backlog.retry_queue_alerts as a$$,
  $$values ('lease_overdue', 'warning', 'api', 1::bigint, '2030-01-01 12:21:00+00'::timestamptz)$$, 'one that nobody rescues is');

select * from finish();
rollback;
