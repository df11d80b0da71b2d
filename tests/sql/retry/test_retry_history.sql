begin;
select plan(2);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.set_retry_policy('*', p_max_retries => 2, p_retry_delay_seconds => 0, p_keep_event_data => true);

-- One life through every outcome
create temp table life as select * from backlog.enqueue_retry_item('mail', '{"n": 1}', 'eu', 'shop', p_correlation_id => 'c', p_priority => 6);
set local test.now = '2030-01-01 12:00:01+00';
select backlog.fail_retry_item(t.id, 'w1', 'one', 'E1', t.lock_token) from backlog.acquire_retry_items('w1') as t;
set local test.now = '2030-01-01 12:00:02+00';
select backlog.fail_retry_item(t.id, 'w2', 'two', 'E2', t.lock_token) from backlog.acquire_retry_items('w2') as t;
set local test.now = '2030-01-01 12:00:03+00';
select count(*) from backlog.redrive_dead_letters();
set local test.now = '2030-01-01 12:00:04+00';
create temp table taken as select * from backlog.acquire_retry_items('w3');
set local test.now = '2030-01-01 12:00:06+00';
select backlog.complete_retry_item(t.id, 'w3', t.lock_token) from taken as t;
select results_eq(
  $$select h.finished_at, h.outcome, h.retry_count, h.worker_id, h.processing_time, h.error_code, h.error, h.event_data
    from backlog.retry_history as h join life as l on l.id = h.id and l.event_id = h.event_id
    where h.event_type = 'mail' and h.channel_name = 'eu' and h.plugin_name = 'shop' and h.correlation_id = 'c' and h.priority = 6
    order by h.finished_at$$,
  $$values
    ('2030-01-01 12:00:01+00'::timestamptz, 'failed', 1, 'w1', '0 seconds'::interval, 'E1', 'one', null::jsonb),
    ('2030-01-01 12:00:02+00', 'dead_letter', 2, 'w2', '0 seconds', 'E2', 'two', null),
    ('2030-01-01 12:00:03+00', 'redriven', 2, null, null, 'E2', 'two', null),
    ('2030-01-01 12:00:06+00', 'completed', 0, 'w3', '2 seconds', null, null, '{"n": 1}')$$,
  'one row per failed attempt and per end'
);
-- The other ends
select backlog.cancel_retry_item(e.id, 'why') from backlog.enqueue_retry_item('mail') as e;
select backlog.enqueue_retry_item('mail', p_expires_at => '2030-01-01 12:00:07+00');
set local test.now = '2030-01-01 12:00:07+00';
select count(*) from backlog.acquire_retry_items('w');
set local test.now = '2030-01-01 12:00:08+00';
select count(*) from backlog.discard_dead_letters();
select results_eq(
  $$select h.outcome, h.error_code from backlog.retry_history as h where h.finished_at > '2030-01-01 12:00:05+00' and h.outcome <> 'completed' order by h.finished_at$$,
  $$values ('cancelled', null), ('dead_letter', 'expired'), ('discarded', 'expired')$$, 'cancelled, expired, discarded'
);

select * from finish();
rollback;
