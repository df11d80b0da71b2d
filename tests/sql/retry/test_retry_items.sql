begin;
select plan(2);
set local test.now = '2030-01-01 12:00:00+00';

select backlog.enqueue_retry_item('mail', p_channel_name => 'c' || n, p_priority => n) from generate_series(1, 3) as n;
set local test.now = '2030-01-01 12:00:01+00';
select count(*) from backlog.acquire_retry_items('w', 2, 60);
select results_eq(
  $$select i.priority, i.channel_name, i.status, i.worker_id, i.claimed_at, i.leased_until, i.lock_token is not null from backlog.retry_items as i order by 1$$,
  $$values (1, 'c1', 'pending', null::text, null::timestamptz, null::timestamptz, false),
    (2, 'c2', 'processing', 'w', '2030-01-01 12:00:01+00', '2030-01-01 12:01:01+00', true),
    (3, 'c3', 'processing', 'w', '2030-01-01 12:00:01+00', '2030-01-01 12:01:01+00', true)$$,
  'each item once, pending or processing, with its lease'
);
set local test.now = '2030-01-01 12:00:02+00';
select backlog.fail_retry_item(i.id, 'w', 'late', null, i.lock_token, 30) from backlog.retry_items as i where i.priority = 3;
select results_eq(
  $$select i.status, i.run_at, i.retry_count, i.last_error, i.lock_token from backlog.retry_items as i where i.priority = 3$$,
  $$values ('pending', '2030-01-01 12:00:32+00'::timestamptz, 1, 'late', null::bigint)$$, 'one that failed is pending, with its last error'
);

select * from finish();
rollback;
