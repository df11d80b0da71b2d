begin;
select plan(19);
set local test.now = '2030-01-01 12:00:00+00';

select is(backlog.announce_idle('l1', null, 5), 0::double precision, 'the first time: look again before you sleep');
select results_eq($$select l.worker_id, l.event_types, l.idle_until > backlog_internal.clock() from backlog_internal.listener as l$$,
  $$values ('l1', null::text[], true)$$, 'the flag is up');
select is(backlog.announce_idle('l1', null, 5), 5::double precision, 'then sleep as long as the poll');

-- Sleeps no longer than the next item is away
select backlog.enqueue_retry_item('mail', p_run_at => '2030-01-01 12:00:03+00');
select is(backlog.announce_idle('l1', null, 5), 3::double precision, 'no longer than the next item is away');
select is(backlog.announce_idle('l1', null, 2), 2::double precision, 'nor longer than the poll');
set local test.now = '2030-01-01 12:00:03+00';
select is(backlog.announce_idle('l1', null, 5), 0::double precision, 'work is due: do not sleep');
select count(*) from backlog.acquire_retry_items('w');
select is(backlog.announce_idle('l1', null, 5), 5::double precision, 'what others have is no reason to stay up');

-- Event types
select is(backlog.announce_idle('l1', '{post}', 5), 0::double precision, 'with other event types it is another flag');
select backlog.enqueue_retry_item('mail');
set local test.now = '2030-01-01 12:00:04+00';
select is(backlog.announce_idle('l1', '{post}', 5), 5::double precision, 'work of other event types is no reason to stay up');
select backlog.pause_event_type('post');
select backlog.enqueue_retry_item('post');
select is(backlog.announce_idle('l1', '{post}', 5), 5::double precision, 'nor are paused ones');
select backlog.resume_event_type('post');
select backlog.trip_circuit_breaker('post', null, 4);
select is(backlog.announce_idle('l1', '{post}', 5), 4::double precision, 'an open breaker: until it lets probes through');

-- The flag ages
set local test.now = '2030-01-01 12:01:00+00';
select is(backlog.announce_idle('l1', '{none}', 5), 0::double precision, 'a new flag');
set local test.now = '2030-01-01 12:01:09+00';
select is(backlog.announce_idle('l1', '{none}', 5), 5::double precision, 'is good for several sleeps');
set local test.now = '2030-01-01 12:01:11+00';
select is(backlog.announce_idle('l1', '{none}', 5), 0::double precision, 'but not for ever');

select throws_ok('select backlog.announce_idle(null)', 'PB003', null, 'no worker');
select throws_ok($$select backlog.announce_idle('')$$, 'PB003', null, 'an empty worker');
select throws_ok($$select backlog.announce_idle('l', '{}')$$, 'PB003', null, 'no event types');
select throws_ok($$select backlog.announce_idle('l', null, 0)$$, 'PB003', null, 'no poll');
select is_empty($$select from backlog_internal.listener as l where l.worker_id = 'l'$$, 'nothing was written');

select * from finish();
rollback;
