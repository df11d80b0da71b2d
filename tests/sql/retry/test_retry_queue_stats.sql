begin;
select plan(6);
set local test.now = '2030-01-01 12:00:00+00';

select is_empty('select * from backlog.retry_queue_stats', 'an empty queue has none');
select backlog.enqueue_retry_item('mail', p_max_retries => 1) from generate_series(1, 6);
select backlog.enqueue_retry_item('mail', p_run_at => '2030-01-01 13:00:00+00');
select backlog.enqueue_retry_item('mail', p_channel_name => 'eu');
set local test.now = '2030-01-01 12:00:01+00';
create temp table taken as select row_number() over (order by t.id) as n, t.* from backlog.acquire_retry_items('w', 6, 300) as t;
set local test.now = '2030-01-01 12:00:02+00';
select backlog.complete_retry_item(t.id, 'w', t.lock_token) from taken as t where t.channel_name = '' and t.n <= 2;
select backlog.fail_retry_item(t.id, 'w', 'x', null, t.lock_token) from taken as t where t.channel_name = '' and t.n = 3;
select backlog.cancel_retry_item(t.id) from taken as t where t.channel_name = '' and t.n = 4;
select results_eq(
  $$select s.event_type, s.status, s.items, s.next_run_at from backlog.retry_queue_stats as s where s.channel_name = '' order by 2$$,
  $$values ('mail', 'cancelled', 1::bigint, null::timestamptz), ('mail', 'completed', 2, null), ('mail', 'dead_letter', 1, null),
    ('mail', 'pending', 2, '2030-01-01 12:00:00+00'), ('mail', 'processing', 1, null)$$,
  'items by status'
);
select is((select s.avg_retries from backlog.retry_queue_stats as s where s.status = 'dead_letter'), 1.00, 'with their attempts');
select is((select s.oldest from backlog.retry_queue_stats as s where s.status = 'processing' and s.channel_name = ''), '2030-01-01 12:00:00+00', 'and the oldest');
select is((select sum(s.items) from backlog.retry_queue_stats as s where s.channel_name = 'eu'), 1::numeric, 'channels apart');
set local test.now = '2030-01-02 12:00:03+00';
select is_empty($$select * from backlog.retry_queue_stats as s where s.status in ('completed', 'cancelled')$$, 'ended ones over 24 hours');

select * from finish();
rollback;
