begin;
select plan(16);
set local test.now = '2030-01-01 12:00:00+00';

create temp table made as
select b.id, b.place from backlog.enqueue_retry_batch('mail', '[{"n": 1}, {"n": 2}, null, 4]', 'eu', 'shop', 7, 30, 1.5, 9, 'c', '{a}',
  '2030-01-01 13:00:00+00', '2030-01-02 00:00:00+00') with ordinality as b (id, place);
select results_eq(
  $$select i.event_data, i.event_type, i.channel_name, i.plugin_name, i.max_retries, i.priority, i.correlation_id, i.tags, i.run_at, i.expires_at, i.status
    from made as m join backlog.retry_items as i on i.id = m.id order by m.place$$,
  $$select d.v, 'mail', 'eu', 'shop', 7, 9, 'c', '{a}'::text[], '2030-01-01 13:00:00+00'::timestamptz, '2030-01-02 00:00:00+00'::timestamptz, 'pending'
    from jsonb_array_elements('[{"n": 1}, {"n": 2}, null, 4]') as d (v)$$,
  'one item per payload, in their order; all else holds for each'
);
select is((select count(distinct i.event_id) from backlog.retry_items as i), 4::bigint, 'event ids differ');
select results_eq('select distinct i.retry_delay_seconds, i.backoff_multiplier from backlog_internal.retry_item as i', 'values (30, 1.5)', 'with their own backoff');
select is((select count(*) from backlog.enqueue_retry_batch('mail', '[]')), 0::bigint, 'an empty array enqueues nothing');
select is((select count(*) from backlog.enqueue_retry_batch('plain', '[1]', p_run_at => '2001-01-01 00:00:00+00')), 1::bigint, 'the rest has defaults');
select is((select i.run_at from backlog.retry_items as i where i.event_type = 'plain'), '2030-01-01 12:00:00+00', 'a time in the past becomes now');
set local test.now = '2030-01-01 13:00:01+00';
select is((select count(*) from backlog.acquire_retry_items('w')), 5::bigint, 'all can be claimed');

create temp table before as select count(*) as items from backlog_internal.retry_item;
select throws_ok($$select backlog.enqueue_retry_batch('mail', '{}')$$, 'PB003', 'event_data must be a jsonb array of payloads', 'no array');
select throws_ok($$select backlog.enqueue_retry_batch('mail', null)$$, 'PB003', null, 'null');
select throws_ok($$select backlog.enqueue_retry_batch(null, '[1]')$$, 'PB003', null, 'no event type');
select throws_ok($$select backlog.enqueue_retry_batch('a', '[1]', p_priority => 0)$$, 'PB003', null, 'priority 0');
select throws_ok($$select backlog.enqueue_retry_batch('a', '[1]', p_max_retries => -1)$$, 'PB003', null, 'negative retries');
select throws_ok($$select backlog.enqueue_retry_batch('a', '[1]', p_retry_delay_seconds => -1)$$, 'PB003', null, 'a negative delay');
select throws_ok($$select backlog.enqueue_retry_batch('a', '[1]', p_backoff_multiplier => 0)$$, 'PB003', null, 'a shrinking backoff');
select throws_ok($$select backlog.enqueue_retry_batch('a', '[1]', null)$$, 'PB003', null, 'a null channel');
select is((select count(*) from backlog_internal.retry_item), (select b.items from before as b), 'nothing was written');

select * from finish();
rollback;
