begin;
select plan(17);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.enqueue_retry_item('mail', '{}', 'eu', 'shop', p_correlation_id => 'c', p_dedupe_key => 'k');
create temp table made as select * from backlog.retry_items;
set local test.now = '2030-01-01 12:00:01+00';
select ok((select backlog.cancel_retry_item(m.id, 'not wanted') from made as m), 'an item that waits is cancelled');
select is_empty('select from backlog.retry_items', 'it is gone');
select is_empty('select from backlog_internal.retry_ready', 'and nobody can claim it');
select results_eq(
  $$select h.id, h.outcome, h.error, h.finished_at, h.plugin_name, h.correlation_id, h.worker_id from backlog.retry_history as h$$,
  $$select m.id, 'cancelled', 'not wanted', '2030-01-01 12:00:01+00'::timestamptz, 'shop', 'c', null from made as m$$,
  'the history has the reason'
);
select ok(not (select backlog.cancel_retry_item(m.id) from made as m), 'it cannot be cancelled twice');
select ok(not backlog.cancel_retry_item(-1), 'nor what never was');
select ok(not backlog.cancel_retry_item(null), 'nor null');
select isnt((select e.id from backlog.enqueue_retry_item('mail', '{}', 'eu', p_dedupe_key => 'k') as e), (select m.id from made as m),
  'its dedupe key is free');

-- Under lease
select backlog.enqueue_retry_item('mail', '{}', 'eu');
set local test.now = '2030-01-01 12:00:02+00';
create temp table taken as select * from backlog.acquire_retry_items('w');
select ok((select backlog.cancel_retry_item(min(t.id)) from taken as t), 'an item that is worked on is cancelled');
select results_eq(
  $$select h.outcome, h.worker_id, h.claimed_at, h.error from backlog.retry_history as h join taken as t on t.id = h.id$$,
  $$values ('cancelled', 'w', '2030-01-01 12:00:02+00'::timestamptz, null::text)$$, 'the history knows who had it'
);
select is((select array_agg(i.id) from backlog.retry_items as i), (select array[max(t.id)] from taken as t), 'the rest of the batch goes on');
select throws_ok(format('select backlog.complete_retry_item(%s, %L, %s)', min(t.id), 'w', max(t.lock_token)), 'PB002', null,
  'its worker is told at complete') from taken as t;
select throws_ok(format('select backlog.fail_retry_item(%s, %L, %L, null, %s)', min(t.id), 'w', 'x', max(t.lock_token)), 'PB002', null,
  'and at fail') from taken as t;
select lives_ok(format('select backlog.complete_retry_item(%s, %L, %s)', max(t.id), 'w', max(t.lock_token)), 'the others can be completed') from taken as t;

-- One that has failed waits at another time
select backlog.enqueue_retry_item('mail');
set local test.now = '2030-01-01 12:00:03+00';
select backlog.fail_retry_item(t.id, 'w', 'x', null, t.lock_token) from backlog.acquire_retry_items('w') as t;
select ok((select backlog.cancel_retry_item(i.id) from backlog.retry_items as i), 'one in backoff is cancelled');
select is((select h.retry_count from backlog.retry_history as h where h.outcome = 'cancelled' order by h.id desc limit 1), 1, 'with its attempts');
-- A dead letter is not live: it is discarded
select backlog.enqueue_retry_item('mail', p_max_retries => 0);
set local test.now = '2030-01-01 12:00:04+00';
select backlog.fail_retry_item(t.id, 'w', 'x', null, t.lock_token) from backlog.acquire_retry_items('w') as t;
select ok(not (select backlog.cancel_retry_item(d.id) from backlog.dead_letters as d), 'a dead letter is not cancelled');

select * from finish();
rollback;
