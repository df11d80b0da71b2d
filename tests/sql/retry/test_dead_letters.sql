begin;
select plan(1);
set local test.now = '2030-01-01 12:00:00+00';

select backlog.enqueue_retry_item('mail', '{"n": 1}', 'eu', 'shop', '{"m": 1}', p_max_retries => 0, p_priority => 8, p_correlation_id => 'c',
  p_tags => '{a}', p_dedupe_key => 'k', p_expires_at => '2031-01-01 00:00:00+00');
set local test.now = '2030-01-01 12:00:01+00';
create temp table taken as select * from backlog.acquire_retry_items('w');
select backlog.fail_retry_item(t.id, 'w', 'broken', 'X', t.lock_token) from taken as t;
select results_eq(
  $$select d.id, d.event_id, d.event_type, d.channel_name, d.plugin_name, d.died_at, d.reason, d.error, d.error_code, d.retry_count, d.redrive_count,
      d.priority, d.correlation_id, d.dedupe_key, d.tags, d.errors -> 0 ->> 'error', d.event_data, d.event_metadata, d.created_at, d.expires_at
    from backlog.dead_letters as d$$,
  $$select t.id, t.event_id, 'mail', 'eu', 'shop', '2030-01-01 12:00:01+00'::timestamptz, 'retries_exhausted', 'broken', 'X', 1, 0, 8, 'c', 'k',
      '{a}'::text[], 'broken', '{"n": 1}'::jsonb, '{"m": 1}'::jsonb, '2030-01-01 12:00:00+00'::timestamptz, '2031-01-01 00:00:00+00'::timestamptz
    from taken as t$$,
  'a dead letter keeps all that the item was'
);

select * from finish();
rollback;
