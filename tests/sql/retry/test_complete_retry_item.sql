begin;
select plan(14);
set local test.now = '2030-01-01 12:00:00+00';

select backlog.enqueue_retry_item('mail', '{"n": 1}', 'eu', 'shop', p_correlation_id => 'c', p_priority => 7);
set local test.now = '2030-01-01 12:00:01+00';
create temp table taken as select * from backlog.acquire_retry_items('w');
set local test.now = '2030-01-01 12:00:04+00';
prepare seed_complete as select backlog.complete_retry_item($1, $2);
select lives_ok(
  format('execute seed_complete(%s, %L)', t.id, 'w'), 'the positional call of the seed: id and worker'
) from taken as t;
select is_empty('select from backlog.retry_items', 'a completed item leaves the queue');
select is_empty('select from backlog_internal.retry_lease', 'and so does its lease');
select results_eq(
  $$select h.finished_at, h.id, h.event_id, h.event_type, h.channel_name, h.plugin_name, h.outcome, h.retry_count,
      h.priority, h.worker_id, h.claimed_at, h.processing_time, h.correlation_id, h.error, h.event_data, h.created_at
    from backlog.retry_history as h$$,
  $$select '2030-01-01 12:00:04+00'::timestamptz, t.id, t.event_id, 'mail', 'eu', 'shop', 'completed', 0, 7, 'w',
      '2030-01-01 12:00:01+00'::timestamptz, '3 seconds'::interval, 'c', null, null::jsonb, t.created_at
    from taken as t$$,
  'the history says who did it and how long it took'
);
select throws_like(
  format('select backlog.complete_retry_item(%s, %L)', t.id, 'w'), 'PB002', 'there is no live retry item %',
  'it cannot be completed twice'
) from taken as t;

-- Somebody else's item, and one that waits
select backlog.enqueue_retry_item('mail');
set local test.now = '2030-01-01 12:00:05+00';
select throws_like(
  format('select backlog.complete_retry_item(%s, %L)', i.id, 'w'), 'PB001', '%is not under lock token of this worker',
  'an item that waits cannot be completed'
) from backlog.retry_items as i;
create temp table mine as select * from backlog.acquire_retry_items('me', 10, 60);
select throws_ok(
  format('select backlog.complete_retry_item(%s, %L)', m.id, 'you'), 'PB001', null, 'nor one of another worker'
) from mine as m;
select throws_ok(
  format('select backlog.complete_retry_item(%s, %L, %s)', m.id, 'me', m.lock_token - 1), 'PB001', null,
  'nor with an older token'
) from mine as m;

-- A restarted worker of the same name: the token is the stronger proof
set local test.now = '2030-01-01 12:02:00+00';
create temp table second as select * from backlog.acquire_retry_items('me', 10, 60);
select is((select s.id from second as s), (select m.id from mine as m), 'the item comes back after its lease');
select throws_ok(
  format('select backlog.complete_retry_item(%s, %L, %s)', m.id, 'me', m.lock_token), 'PB001', null,
  'the token of the lost lease is refused although the name is the same'
) from mine as m;
select lives_ok(
  format('select backlog.complete_retry_item(%s, %L, %s)', s.id, 'me', s.lock_token), 'the new one is good'
) from second as s;

-- The payload is kept when the policy says so
select backlog.set_retry_policy('kept', p_keep_event_data => true);
select backlog.enqueue_retry_item('kept', '{"n": 2}');
set local test.now = '2030-01-01 12:02:02+00';
select backlog.complete_retry_item(t.id, 'w', t.lock_token) from backlog.acquire_retry_items('w') as t;
select is(
  (select h.event_data from backlog.retry_history as h where h.event_type = 'kept'), '{"n": 2}'::jsonb,
  'the history keeps the payload when the policy says so'
);

select throws_ok($$select backlog.complete_retry_item(-1, 'w')$$, 'PB002', 'there is no live retry item -1', 'an unknown id');
select throws_ok($$select backlog.complete_retry_item(null, 'w')$$, 'PB003', null, 'a null id');

select * from finish();
rollback;
