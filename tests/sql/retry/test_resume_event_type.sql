begin;
select plan(8);
set local test.now = '2030-01-01 12:00:00+00';

select backlog.pause_event_type('mail', 'x');
select backlog.pause_event_type('*');
select backlog.enqueue_retry_item(x) from unnest('{mail,post}'::text[]) as x;
set local test.now = '2030-01-01 12:00:01+00';
select is_empty($$select * from backlog.acquire_retry_items('w')$$, 'all is paused');
select backlog.resume_event_type('mail');
select results_eq($$select t.event_type from backlog.acquire_retry_items('w') as t$$, $$values ('mail')$$, 'one is resumed');
select results_eq(
  $$select p.paused_at, p.pause_reason from backlog.retry_policies as p where p.event_type = 'mail'$$,
  $$values (null::timestamptz, null::text)$$, 'the reason is gone with the pause'
);
select backlog.resume_event_type('*');
select results_eq($$select t.event_type from backlog.acquire_retry_items('w') as t$$, $$values ('post')$$, 'the rest is resumed');
select lives_ok($$select backlog.resume_event_type('mail')$$, 'what runs may be resumed');
select throws_ok($$select backlog.resume_event_type('unknown')$$, 'PB005', 'event type unknown has no policy of its own', 'an unknown event type');
select throws_ok('select backlog.resume_event_type(null)', 'PB005', null, 'a null event type');

-- A pause does not open a breaker, nor does its end close one
select backlog.set_retry_policy('hot', p_breaker_threshold => 1, p_breaker_cooldown_seconds => 100);
select backlog.enqueue_retry_item('hot') from generate_series(1, 2);
set local test.now = '2030-01-01 12:00:02+00';
select backlog.fail_retry_item(t.id, 'w', 'x', null, t.lock_token) from backlog.acquire_retry_items('w', 1) as t;
select backlog.pause_event_type('hot');
select backlog.resume_event_type('hot');
set local test.now = '2030-01-01 12:00:03+00';
select is_empty($$select * from backlog.acquire_retry_items('w')$$, 'an open breaker stays open over pause and resume');

select * from finish();
rollback;
