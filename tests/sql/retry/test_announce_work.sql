begin;
select plan(15);
set local test.now = '2030-01-01 12:00:00+00';

-- Notifications of the own transaction cannot be seen before it commits; the queue's use is a hint of them
create function backlog_internal.count_announcements() returns bigint language sql as $$ select current_setting('test.announced')::bigint $$;
create or replace function backlog_internal.announce(p_channel_name text) returns void language sql volatile as $$
  select set_config('test.announced', (current_setting('test.announced')::int + 1)::text, true);
$$;
set local test.announced = 0;

select backlog.enqueue_retry_item('mail');
select is(backlog_internal.count_announcements(), 0::bigint, 'nobody listens: no notification');
select backlog.announce_idle('l1', '{mail}');
select backlog.enqueue_retry_item('post');
select is(backlog_internal.count_announcements(), 0::bigint, 'nobody listens for it: none');
select backlog.enqueue_retry_item('mail', p_run_at => '2030-01-01 12:00:10+00');
select is(backlog_internal.count_announcements(), 0::bigint, 'not yet due: none');
select backlog.enqueue_retry_item('mail');
select is(backlog_internal.count_announcements(), 1::bigint, 'a listener sleeps: one');
select count(*) from backlog.enqueue_retry_items('[{"event_type": "mail"}, {"event_type": "mail"}, {"event_type": "post"}]');
select is(backlog_internal.count_announcements(), 2::bigint, 'a batch: one');
select count(*) from backlog.enqueue_retry_batch('mail', '[1, 2]');
select is(backlog_internal.count_announcements(), 3::bigint, 'a batch of payloads: one');
select backlog.announce_busy('l1');
select backlog.enqueue_retry_item('mail');
select is(backlog_internal.count_announcements(), 3::bigint, 'the listener is busy: none');
select backlog.announce_idle('l1', null);
select backlog.enqueue_retry_item('post');
select is(backlog_internal.count_announcements(), 4::bigint, 'it listens for all: one');

-- What makes waiting items claimable
set local test.now = '2030-01-01 12:00:01+00';
create temp table taken as select * from backlog.acquire_retry_items('w', 1, 300, '{mail}');
select backlog.release_retry_item(t.id, 'w', t.lock_token) from taken as t;
select is(backlog_internal.count_announcements(), 5::bigint, 'a release');
select backlog.pause_event_type('mail');
select is(backlog_internal.count_announcements(), 5::bigint, 'not a pause');
select backlog.resume_event_type('mail');
select is(backlog_internal.count_announcements(), 6::bigint, 'but its end');
select backlog.trip_circuit_breaker('mail');
select backlog.reset_circuit_breaker('mail');
select is(backlog_internal.count_announcements(), 7::bigint, 'a breaker that is reset');
set local test.now = '2030-01-01 12:00:02+00';
select backlog.fail_retry_item(t.id, 'w', 'x', '22012', t.lock_token) from backlog.acquire_retry_items('w', 1, 300, '{mail}') as t;
select count(*) from backlog.redrive_dead_letters(p_dry_run => true);
select is(backlog_internal.count_announcements(), 7::bigint, 'not a dry run');
select count(*) from backlog.redrive_dead_letters();
select is(backlog_internal.count_announcements(), 8::bigint, 'but a redrive');

-- A listener that died in its sleep
set local test.now = '2030-01-01 12:10:00+00';
select backlog.enqueue_retry_item('mail');
select is(backlog_internal.count_announcements(), 8::bigint, 'a flag that has aged: none');

select * from finish();
rollback;
