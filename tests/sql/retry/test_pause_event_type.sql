begin;
select plan(10);
set local test.now = '2030-01-01 12:00:00+00';

select backlog.enqueue_retry_item(x) from unnest('{mail,post}'::text[]) as x;
set local test.now = '2030-01-01 12:00:01+00';
create temp table taken as select * from backlog.acquire_retry_items('w', 1, 300, '{mail}');
select backlog.enqueue_retry_item('mail');
select backlog.pause_event_type('mail', 'maintenance');
set local test.now = '2030-01-01 12:00:02+00';
select results_eq($$select t.event_type from backlog.acquire_retry_items('w') as t$$, $$values ('post')$$, 'a paused event type is not claimed');
select lives_ok($$select backlog.complete_retry_item(t.id, 'w', t.lock_token) from taken as t$$, 'what is under lease is not touched');
select backlog.enqueue_retry_item('mail', p_channel_name => 'new');
set local test.now = '2030-01-01 12:00:03+00';
select is_empty($$select * from backlog.acquire_retry_items('w')$$, 'a channel that is new is paused too');
select is((select count(*) from backlog.retry_items as i where i.status = 'pending'), 2::bigint, 'items are kept');

-- Twice
set local test.now = '2030-01-01 12:00:04+00';
select backlog.pause_event_type('mail', 'still');
select results_eq(
  $$select p.paused_at, p.pause_reason from backlog.retry_policies as p where p.event_type = 'mail'$$,
  $$values ('2030-01-01 12:00:01+00'::timestamptz, 'still')$$, 'a second pause keeps the time and takes the new reason'
);
-- Before the first item
select backlog.pause_event_type('future');
select backlog.enqueue_retry_item('future');
set local test.now = '2030-01-01 12:00:05+00';
select is_empty($$select * from backlog.acquire_retry_items('w')$$, 'an event type may be paused before its first item');
-- A policy change does not resume
select backlog.set_retry_policy('mail', p_max_retries => 9);
select is_empty($$select * from backlog.acquire_retry_items('w')$$, 'a change of the policy does not resume');
-- Everything without a policy of its own
select backlog.enqueue_retry_item('loose');
select backlog.set_retry_policy('tied', p_max_retries => 1);
select backlog.enqueue_retry_item('tied');
select backlog.pause_event_type('*', 'all');
select backlog.enqueue_retry_item('looser');
set local test.now = '2030-01-01 12:00:06+00';
select results_eq($$select t.event_type from backlog.acquire_retry_items('w') as t$$, $$values ('tied')$$, '* pauses what has no policy of its own');

select throws_ok('select backlog.pause_event_type(null)', 'PB003', null, 'no event type');
select throws_ok($$select backlog.pause_event_type('')$$, 'PB003', null, 'an empty event type');

select * from finish();
rollback;
