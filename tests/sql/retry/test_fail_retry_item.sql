begin;
select plan(30);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.set_retry_policy('mail', p_jitter => 0, p_max_retries => 3);

select backlog.enqueue_retry_item('mail', '{"n": 1}', 'eu', 'shop', p_correlation_id => 'c');
set local test.now = '2030-01-01 12:00:01+00';
create temp table taken as select * from backlog.acquire_retry_items('w');
set local test.now = '2030-01-01 12:00:05+00';
-- The positional call of the seed: id, worker, error, error code
create temp table next_run as
select backlog.fail_retry_item(t.id, 'w', 'no route', 'ConnectionError') as run_at from taken as t;
select is((select n.run_at from next_run as n), '2030-01-01 12:01:05+00', 'returns when the item runs again: 60 seconds later');
select results_eq(
  $$select i.status, i.retry_count, i.run_at, i.last_error, i.errors from backlog.retry_items as i$$,
  $$values ('pending', 1, '2030-01-01 12:01:05+00'::timestamptz, 'no route', jsonb_build_array(jsonb_build_object(
      'at', '2030-01-01 12:00:05+00'::timestamptz, 'error', 'no route', 'error_code', 'ConnectionError', 'worker_id', 'w')))$$,
  'the item waits with its error and one attempt more'
);
select results_eq(
  $$select h.outcome, h.retry_count, h.error, h.error_code, h.worker_id, h.claimed_at, h.finished_at, h.plugin_name, h.correlation_id
    from backlog.retry_history as h$$,
  $$values ('failed', 1, 'no route', 'ConnectionError', 'w', '2030-01-01 12:00:01+00'::timestamptz,
      '2030-01-01 12:00:05+00'::timestamptz, 'shop', 'c')$$,
  'the history has the attempt'
);
select is_empty('select from backlog_internal.retry_lease', 'the lease is over');
select is_empty($$select * from backlog.acquire_retry_items('w')$$, 'nobody gets it before its time');

-- The second and the last attempt
set local test.now = '2030-01-01 12:01:05+00';
select is((select backlog.fail_retry_item(t.id, 'w', 'again', 'ConnectionError', t.lock_token) from backlog.acquire_retry_items('w') as t),
  '2030-01-01 12:03:05+00'::timestamptz, 'the second pause is twice as long');
set local test.now = '2030-01-01 12:03:05+00';
select is((select t.retry_count from backlog.retry_items as t), 2, 'two attempts are counted');
select is((select backlog.fail_retry_item(t.id, 'w', 'for good', 'ConnectionError', t.lock_token) from backlog.acquire_retry_items('w') as t),
  null::timestamptz, 'the last one returns null');
select results_eq(
  $$select d.id, d.event_id, d.event_type, d.channel_name, d.plugin_name, d.died_at, d.reason, d.error, d.error_code, d.retry_count,
      d.redrive_count, d.priority, d.correlation_id, jsonb_array_length(d.errors), d.event_data from backlog.dead_letters as d$$,
  $$select t.id, t.event_id, 'mail', 'eu', 'shop', '2030-01-01 12:03:05+00'::timestamptz, 'retries_exhausted', 'for good',
      'ConnectionError', 3, 0, 5, 'c', 3, t.event_data from taken as t$$,
  'the item is a dead letter, with all it was and its errors'
);
select is_empty('select from backlog.retry_items', 'and no longer live');
select throws_like(format('select backlog.fail_retry_item(%s, %L, %L)', t.id, 'w', 'x'), 'PB002', 'there is no live retry item %',
  'a dead letter cannot fail') from taken as t;

-- max_retries of the item overrides the policy
select backlog.enqueue_retry_item('mail', p_max_retries => 1, p_retry_delay_seconds => 5);
select backlog.enqueue_retry_item('mail', p_max_retries => 0);
set local test.now = '2030-01-01 12:03:06+00';
select is((select count(backlog.fail_retry_item(t.id, 'w', 'x', null, t.lock_token)) from backlog.acquire_retry_items('w') as t), 0::bigint,
  'an item with one attempt, or none, dies at its first failure');

-- An own backoff
select backlog.enqueue_retry_item('mail', p_max_retries => 9, p_retry_delay_seconds => 7, p_backoff_multiplier => 3);
set local test.now = '2030-01-01 12:03:07+00';
select is((select backlog.fail_retry_item(t.id, 'w', 'x', null, t.lock_token) from backlog.acquire_retry_items('w') as t),
  '2030-01-01 12:03:14+00'::timestamptz, 'an own delay');
set local test.now = '2030-01-01 12:03:14+00';
select is((select backlog.fail_retry_item(t.id, 'w', 'x', null, t.lock_token) from backlog.acquire_retry_items('w') as t),
  '2030-01-01 12:03:35+00'::timestamptz, 'an own multiplier');

-- retry_after overrides the pause; with 429 it does not count
set local test.now = '2030-01-01 12:03:35+00';
select is((select backlog.fail_retry_item(t.id, 'w', 'busy', '503', t.lock_token, 11) from backlog.acquire_retry_items('w') as t),
  '2030-01-01 12:03:46+00'::timestamptz, 'retry_after overrides the pause');
select is((select i.retry_count from backlog.retry_items as i), 3, 'and counts with an ordinary error');
set local test.now = '2030-01-01 12:03:46+00';
select is((select backlog.fail_retry_item(t.id, 'w', 'slow down', '429', t.lock_token, 100) from backlog.acquire_retry_items('w') as t),
  '2030-01-01 12:05:26+00'::timestamptz, 'with 429 it is heeded too');
select is((select i.retry_count from backlog.retry_items as i), 3, 'but does not count');
select is((select h.outcome from backlog.retry_history as h where h.error_code = '429'), 'failed', 'the history has it all the same');
set local test.now = '2030-01-01 12:05:26+00';
select is((select backlog.fail_retry_item(t.id, 'w', 'now', '429', t.lock_token, 0) from backlog.acquire_retry_items('w') as t),
  '2030-01-01 12:05:26+00'::timestamptz, 'retry_after 0 means at once');

-- The last k errors
select backlog.set_retry_policy('mail', p_keep_errors => 2);
set local test.now = '2030-01-01 12:05:27+00';
select backlog.fail_retry_item(t.id, 'w', 'E1', null, t.lock_token, 0) from backlog.acquire_retry_items('w') as t;
set local test.now = '2030-01-01 12:05:28+00';
select backlog.fail_retry_item(t.id, 'w', 'E2', null, t.lock_token, 0) from backlog.acquire_retry_items('w') as t;
select is((select jsonb_path_query_array(i.errors, '$[*].error') from backlog.retry_items as i), '["E1", "E2"]'::jsonb,
  'an item keeps its last errors, as many as the policy says');
set local test.now = '2030-01-01 12:05:29+00';
select backlog.fail_retry_item(t.id, 'w', repeat('x', 5000), null, t.lock_token, 0) from backlog.acquire_retry_items('w') as t;
select is((select length(i.last_error) from backlog.retry_items as i), 2000, 'a long error is cut');
set local test.now = '2030-01-01 12:05:30+00';
select backlog.fail_retry_item(t.id, 'w', null, null, t.lock_token, 0) from backlog.acquire_retry_items('w') as t;
select is((select i.last_error from backlog.retry_items as i), 'no error text given', 'a missing error says so');

-- Refusals
select backlog.cancel_retry_item(i.id) from backlog.retry_items as i;
select backlog.enqueue_retry_item('mail');
set local test.now = '2030-01-01 12:05:31+00';
select throws_ok(format('select backlog.fail_retry_item(%s, %L, %L)', i.id, 'w', 'x'), 'PB001', null, 'an item that waits cannot fail')
from backlog.retry_items as i;
create temp table mine as select * from backlog.acquire_retry_items('me');
select throws_ok(format('select backlog.fail_retry_item(%s, %L, %L)', m.id, 'you', 'x'), 'PB001', null, 'nor that of another worker') from mine as m;
select throws_ok(format('select backlog.fail_retry_item(%s, %L, %L, null, %s)', m.id, 'me', 'x', m.lock_token + 1), 'PB001', null,
  'nor with another token') from mine as m;
select throws_ok(format('select backlog.fail_retry_item(%s, %L, %L, null, null, -1)', m.id, 'me', 'x'), 'PB003', null,
  'retry_after cannot be negative') from mine as m;
select throws_ok($$select backlog.fail_retry_item(null, 'me', 'x')$$, 'PB003', null, 'a null id');
select throws_ok($$select backlog.fail_retry_item(-1, 'me', 'x')$$, 'PB002', null, 'an unknown id');
select results_eq('select i.status, i.retry_count from backlog.retry_items as i', $$values ('processing', 0)$$, 'nothing was changed');

select * from finish();
rollback;
