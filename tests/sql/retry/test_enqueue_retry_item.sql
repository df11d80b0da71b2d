begin;
select plan(32);
set local test.now = '2030-01-01 12:00:00+00';

-- The whole item
create temp table made as
select * from backlog.enqueue_retry_item(
  p_event_type => 'mail', p_event_data => '{"to": "a"}', p_channel_name => 'eu',
  p_plugin_name => 'shop', p_event_metadata => '{"source": "test"}', p_max_retries => 7,
  p_retry_delay_seconds => 30, p_backoff_multiplier => 1.5, p_priority => 9,
  p_correlation_id => 'order-1', p_tags => '{a,b}', p_dedupe_key => 'k',
  p_run_at => '2030-01-01 13:00:00+00', p_expires_at => '2030-01-02 00:00:00+00'
);
select results_eq(
  $$select i.event_type, i.event_data, i.channel_name, i.plugin_name, i.event_metadata, i.max_retries,
      i.priority, i.correlation_id, i.tags, i.dedupe_key, i.run_at, i.expires_at, i.status,
      i.retry_count, i.created_at
    from backlog.retry_items as i join made as m on m.id = i.id and m.event_id = i.event_id$$,
  $$values ('mail', '{"to": "a"}'::jsonb, 'eu', 'shop', '{"source": "test"}'::jsonb, 7, 9, 'order-1',
      '{a,b}'::text[], 'k', '2030-01-01 13:00:00+00'::timestamptz,
      '2030-01-02 00:00:00+00'::timestamptz, 'pending', 0, '2030-01-01 12:00:00+00'::timestamptz)$$,
  'every argument is kept'
);
select results_eq(
  'select i.retry_delay_seconds, i.backoff_multiplier from backlog_internal.retry_item as i',
  'values (30, 1.5)',
  'the item keeps its own backoff'
);

-- Defaults
create temp table plain as select * from backlog.enqueue_retry_item('plain');
select results_eq(
  $$select i.event_data, i.channel_name, i.plugin_name, i.max_retries, i.priority, i.run_at, i.expires_at
    from backlog.retry_items as i join plain as p on p.id = i.id$$,
  $$values ('{}'::jsonb, '', '', 3, 5, '2030-01-01 12:00:00+00'::timestamptz, null::timestamptz)$$,
  'only the event type is needed; the policy gives three attempts'
);
select isnt((select p.event_id from plain as p), (select m.event_id from made as m), 'event ids differ');
select cmp_ok((select p.id from plain as p), '>', (select m.id from made as m), 'ids ascend');

-- A time in the past is now: the queue is read from its low-water mark on
create temp table early as
select * from backlog.enqueue_retry_item('plain', p_run_at => '2001-01-01 00:00:00+00');
select is(
  (select i.run_at from backlog.retry_items as i join early as e on e.id = i.id),
  '2030-01-01 12:00:00+00', 'a run_at in the past becomes now'
);

-- Dedupe
create temp table again as
select * from backlog.enqueue_retry_item('mail', '{"to": "b"}', 'eu', p_dedupe_key => 'k');
select results_eq('select * from again', 'select * from made', 'a duplicate key returns the item that is there');
select is(
  (select i.event_data from backlog.retry_items as i join made as m on m.id = i.id),
  '{"to": "a"}', 'and does not change it'
);
select isnt(
  (select e.id from backlog.enqueue_retry_item('mail', '{}', 'us', p_dedupe_key => 'k') as e),
  (select m.id from made as m), 'the same key in another channel is another item'
);
select isnt(
  (select e.id from backlog.enqueue_retry_item('post', '{}', 'eu', p_dedupe_key => 'k') as e),
  (select m.id from made as m), 'the same key of another event type is another item'
);
set local test.now = '2030-01-01 13:00:01+00';
create temp table taken as select * from backlog.acquire_retry_items('w', 1, 300, '{mail}');
select is(
  (select e.id from backlog.enqueue_retry_item('mail', '{}', (select channel_name from taken), p_dedupe_key => 'k') as e),
  (select t.id from taken as t), 'an item that is being worked on keeps its key'
);
select backlog.complete_retry_item(t.id, 'w', t.lock_token) from taken as t;
select isnt(
  (select e.id from backlog.enqueue_retry_item('mail', '{}', (select channel_name from taken), p_dedupe_key => 'k') as e),
  (select t.id from taken as t), 'once it is completed the key is free'
);

-- Refusals
create temp table before as select count(*) as items from backlog_internal.retry_item;
select throws_ok('select backlog.enqueue_retry_item(null)', 'PB003',
  'event_type must be a name: not null, not empty and not *', 'no event type');
select throws_ok($$select backlog.enqueue_retry_item('')$$, 'PB003', null, 'an empty event type');
select throws_ok($$select backlog.enqueue_retry_item('*')$$, 'PB003', null, 'the event type *');
select throws_ok($$select backlog.enqueue_retry_item('a', null)$$, 'PB003', null, 'no event data');
select throws_ok($$select backlog.enqueue_retry_item('a', p_channel_name => null)$$, 'PB003', null, 'a null channel');
select throws_ok($$select backlog.enqueue_retry_item('a', p_plugin_name => null)$$, 'PB003', null, 'a null plugin');
select throws_ok($$select backlog.enqueue_retry_item('a', p_priority => 0)$$, 'PB003',
  'priority must be between 1 and 10, not 0', 'priority 0');
select throws_ok($$select backlog.enqueue_retry_item('a', p_priority => 11)$$, 'PB003', null, 'priority 11');
select throws_ok($$select backlog.enqueue_retry_item('a', p_priority => null)$$, 'PB003',
  'priority must be between 1 and 10, not null', 'a null priority');
select throws_ok($$select backlog.enqueue_retry_item('a', p_max_retries => -1)$$, 'PB003', null, 'negative retries');
select throws_ok($$select backlog.enqueue_retry_item('a', p_max_retries => 1001)$$, 'PB003', null, 'too many retries');
select throws_ok($$select backlog.enqueue_retry_item('a', p_retry_delay_seconds => -1)$$, 'PB003', null, 'a negative delay');
select throws_ok($$select backlog.enqueue_retry_item('a', p_backoff_multiplier => 0.5)$$, 'PB003', null, 'a shrinking backoff');
select throws_ok($$select backlog.enqueue_retry_item('a', p_backoff_multiplier => 'NaN')$$, 'PB003', null, 'a multiplier that is no number');
select is((select count(*) from backlog_internal.retry_item), (select b.items from before as b), 'nothing was written');
select is_empty($$select from backlog_internal.retry_lane as l where l.event_type = 'a'$$, 'not even a lane');

-- Edges
select lives_ok($$select backlog.enqueue_retry_item('edge', p_priority => 1, p_max_retries => 0, p_retry_delay_seconds => 0, p_backoff_multiplier => 1)$$, 'the smallest values');
select lives_ok($$select backlog.enqueue_retry_item('edge', p_priority => 10, p_max_retries => 1000, p_retry_delay_seconds => 2147483647, p_backoff_multiplier => 1000)$$, 'the largest values');
select lives_ok($$select backlog.enqueue_retry_item('edge', 'null'::jsonb)$$, 'a jsonb null is a payload');
select lives_ok($$select backlog.enqueue_retry_item('edge', p_run_at => 'infinity')$$, 'an item may wait for ever');

select * from finish();
rollback;
