begin;
select plan(33);
set local test.now = '2030-01-01 12:00:00+00';

select is_empty($$select * from backlog.acquire_retry_items('w')$$, 'an empty queue gives nothing');

-- What a worker gets
create temp table made as
select * from backlog.enqueue_retry_item('mail', '{"n": 1}', 'eu', 'shop', '{"m": 1}',
  p_correlation_id => 'c', p_tags => '{a}', p_max_retries => 4);
set local test.now = '2030-01-01 12:00:01+00';
create temp table taken as select * from backlog.acquire_retry_items('w', 10, 60);
select results_eq(
  $$select t.id, t.event_id, t.event_type, t.channel_name, t.plugin_name, t.event_data, t.event_metadata,
      t.retry_count, t.max_retries, t.priority, t.correlation_id, t.tags, t.leased_until, t.created_at
    from taken as t$$,
  $$select m.id, m.event_id, 'mail', 'eu', 'shop', '{"n": 1}'::jsonb, '{"m": 1}'::jsonb, 0, 4, 5, 'c',
      '{a}'::text[], '2030-01-01 12:01:01+00'::timestamptz, '2030-01-01 12:00:00+00'::timestamptz
    from made as m$$,
  'the whole item comes with its lease'
);
select is_empty($$select * from backlog.acquire_retry_items('v')$$, 'nobody else gets it');
select results_eq(
  $$select i.status, i.worker_id, i.lock_token from backlog.retry_items as i$$,
  $$select 'processing', 'w', t.lock_token from taken as t$$, 'the view shows who has it'
);
select backlog.complete_retry_item(t.id, 'w', t.lock_token) from taken as t;

-- The positional call of the seed
select backlog.enqueue_retry_item('mail');
set local test.now = '2030-01-01 12:00:02+00';
prepare seed_acquire as select id, event_id, event_type, event_data, retry_count from backlog.acquire_retry_items($1, $2, $3);
select isnt_empty($$execute seed_acquire('w', 5, 300)$$, 'three positional arguments are enough');

-- Not before its time
select backlog.cancel_retry_item(i.id) from backlog.retry_items as i;
select backlog.enqueue_retry_item('mail', p_run_at => '2030-01-01 12:10:00+00');
set local test.now = '2030-01-01 12:09:59+00';
select is_empty($$select * from backlog.acquire_retry_items('w')$$, 'an item waits for run_at');
set local test.now = '2030-01-01 12:10:00+00';
select is((select count(*) from backlog.acquire_retry_items('w')), 1::bigint, 'and is due at that moment');

-- Higher priority first, then the one that waits longest
select backlog.cancel_retry_item(i.id) from backlog.retry_items as i;
select backlog.enqueue_retry_item('mail', '{"n": 1}', p_priority => 1);
select backlog.enqueue_retry_item('mail', '{"n": 2}', p_priority => 10, p_run_at => '2030-01-01 12:10:02+00');
select backlog.enqueue_retry_item('mail', '{"n": 3}', p_priority => 10, p_run_at => '2030-01-01 12:10:01+00');
select backlog.enqueue_retry_item('mail', '{"n": 4}', p_priority => 5);
select backlog.enqueue_retry_item('mail', '{"n": 5}', 'other', p_priority => 10);
set local test.now = '2030-01-01 12:10:03+00';
select results_eq(
  $$select t.event_data ->> 'n' from backlog.acquire_retry_items('w', 3) as t$$,
  $$values ('5'), ('3'), ('2')$$, 'priority 10 first over all channels, each by time'
);
select results_eq(
  $$select t.event_data ->> 'n' from backlog.acquire_retry_items('w', 3) as t$$,
  $$values ('4'), ('1')$$, 'then the lower ones'
);
select is(
  (select count(distinct s.token) from backlog_internal.retry_lease as s), 2::bigint,
  'all items of one call carry the same token, another call another one'
);
select ok(
  (select max(s.token) > min(s.token) from backlog_internal.retry_lease as s), 'tokens grow'
);

-- Only some event types
select backlog.cancel_retry_item(i.id) from backlog.retry_items as i;
select backlog.enqueue_retry_item(x) from unnest('{a,b,c}'::text[]) as x;
set local test.now = '2030-01-01 12:10:04+00';
select results_eq(
  $$select t.event_type from backlog.acquire_retry_items('w', 10, 300, '{a,c,unknown}') as t order by 1$$,
  $$values ('a'), ('c')$$, 'event_types restricts the claim'
);
select results_eq(
  $$select t.event_type from backlog.acquire_retry_items('w') as t$$, $$values ('b')$$, 'null means all'
);

-- Fair shares
select backlog.cancel_retry_item(i.id) from backlog.retry_items as i;
select count(*) from backlog.enqueue_retry_items((
  select jsonb_agg(jsonb_build_object('event_type', 'flood')) from generate_series(1, 500)));
select backlog.enqueue_retry_item('drop') from generate_series(1, 10);
select backlog.enqueue_retry_item('drop', p_channel_name => 'x') from generate_series(1, 100);
set local test.now = '2030-01-01 12:10:05+00';
select results_eq(
  $$select t.event_type, t.channel_name, least(count(*), 20) from backlog.acquire_retry_items('w', 60) as t
    group by 1, 2 order by 1, 2$$,
  $$values ('drop', '', 10::bigint), ('drop', 'x', 20), ('flood', '', 20)$$,
  'lanes share a batch equally; a lane that needs less gets all it has'
);
select is((select count(*) from backlog.retry_items as i where i.status = 'processing'), 60::bigint, 'what it leaves goes to the others');

-- Expired items are buried, not handed out
select backlog.cancel_retry_item(i.id) from backlog.retry_items as i;
create temp table old as
select * from backlog.enqueue_retry_item('mail', p_expires_at => '2030-01-01 12:10:06+00');
select backlog.enqueue_retry_item('mail', p_expires_at => '2030-01-01 12:10:07+00');
set local test.now = '2030-01-01 12:10:06+00';
select is(
  (select count(*) from backlog.acquire_retry_items('w')), 1::bigint,
  'an item whose expires_at has come is not handed out'
);
select results_eq(
  $$select d.id, d.reason, d.error_code, d.retry_count from backlog.dead_letters as d$$,
  $$select o.id, 'expired', 'expired', 0 from old as o$$, 'it becomes a dead letter, without an attempt'
);
select results_eq(
  $$select h.outcome, h.error from backlog.retry_history as h where h.id = (select o.id from old as o)$$,
  $$values ('dead_letter', 'expired at 2030-01-01 12:10:06+00 before it was worked on')$$, 'the history tells so'
);
select is(
  (select sum(cardinality(s.ids)) from backlog_internal.retry_lease as s), 1::bigint, 'and it leaves the lease'
);
-- A whole batch of expired items
select backlog.cancel_retry_item(i.id) from backlog.retry_items as i;
select backlog.enqueue_retry_item('mail', p_expires_at => '2030-01-01 12:10:06.5+00') from generate_series(1, 3);
set local test.now = '2030-01-01 12:10:07+00';
select is_empty($$select * from backlog.acquire_retry_items('w')$$, 'a batch of expired items gives nothing');
select is_empty('select from backlog_internal.retry_lease', 'and leaves no lease');

-- Large and small batches
select count(*) from backlog.enqueue_retry_items((
  select jsonb_agg(jsonb_build_object('event_type', 'many')) from generate_series(1, 1200)));
set local test.now = '2030-01-01 12:10:08+00';
select is((select count(*) from backlog.acquire_retry_items('w', 1, 1)), 1::bigint, 'a batch of one');
select is((select count(*) from backlog.acquire_retry_items('w', 10000, 604800)), 1199::bigint, 'the largest batch');

-- Refusals
select backlog.enqueue_retry_item('mail');
set local test.now = '2030-01-01 12:10:09+00';
create temp table before as select count(*) as leases from backlog_internal.retry_lease;
select throws_ok('select * from backlog.acquire_retry_items(null)', 'PB003', 'worker_id must be a name', 'no worker');
select throws_ok($$select * from backlog.acquire_retry_items('')$$, 'PB003', null, 'an empty worker');
select throws_ok($$select * from backlog.acquire_retry_items('w', 0)$$, 'PB003',
  'batch_size must be between 1 and 10000, not 0', 'a batch of nothing');
select throws_ok($$select * from backlog.acquire_retry_items('w', 10001)$$, 'PB003', null, 'too large a batch');
select throws_ok($$select * from backlog.acquire_retry_items('w', null)$$, 'PB003', null, 'a null batch size');
select throws_ok($$select * from backlog.acquire_retry_items('w', 1, 0)$$, 'PB003', null, 'no lock timeout');
select throws_ok($$select * from backlog.acquire_retry_items('w', 1, 604801)$$, 'PB003', null, 'too long a lock timeout');
select throws_ok($$select * from backlog.acquire_retry_items('w', 1, 1, '{}')$$, 'PB003', 'event_types must not be empty', 'no event types');
select throws_ok($$select * from backlog.acquire_retry_items('w', 1, 1, '{a,null}')$$, 'PB003', null, 'a null event type');
select is((select count(*) from backlog_internal.retry_lease), (select b.leases from before as b), 'nothing was claimed');

select * from finish();
rollback;
