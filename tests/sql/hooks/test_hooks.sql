begin;
select plan(11);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.create_pipeline('orders');
select backlog.register_hook('audit', p_mode => 'individual');
select results_eq('select h.state, h.pending, h.in_progress, h.dead_letters, h.oldest_waiting_at, h.last_delivered_at, h.last_error, h.breaker_state, h.has_listener from backlog.hooks as h',
  $$values ('enabled', 0::bigint, 0::bigint, 0::bigint, null::timestamptz, null::timestamptz, null::text, 'closed', false)$$, 'a new hook');
select backlog.save_checkpoint('orders', '[{"n": 1}, {"n": 2}, {"n": 3}]');
set local test.now = '2030-01-01 12:01:00+00';
create temp table taken as select * from backlog.acquire_retry_items('w', 2);
select results_eq('select h.pending, h.in_progress, h.oldest_waiting_at from backlog.hooks as h',
  $$values (1::bigint, 2::bigint, '2030-01-01 12:00:00+00'::timestamptz)$$, 'what waits and what is at work');
select backlog.complete_retry_item(min(t.id), 'w') from taken as t;
select is((select h.last_delivered_at from backlog.hooks as h), '2030-01-01 12:01:00+00'::timestamptz, 'when it was last called');
select backlog.fail_retry_item(max(t.id), 'w', 'no luck') from taken as t;
select is((select h.last_error from backlog.hooks as h), 'no luck', 'and how it failed');

-- The auxiliary database is away: the shipped rule opens the breaker of this hook
select backlog.fail_retry_item(a.id, 'w', 'connection refused', 'AuxiliaryUnavailable') from backlog.acquire_retry_items('w', 1) as a;
select results_eq('select h.state, h.breaker_state, h.pending from backlog.hooks as h', $$values ('broken', 'open', 2::bigint)$$, 'the breaker is open');
select is((select max(i.retry_count) from backlog.retry_items as i where i.last_error = 'connection refused'), 0, 'which counts no attempt');
select backlog.register_hook('other');
select backlog.save_checkpoint('orders', '{"n": 4}');
select results_eq($$select a.event_type from backlog.acquire_retry_items('w') as a$$, $$values ('hook.other')$$, 'another hook is not held up');
select backlog.reset_circuit_breaker('hook.audit');
select is((select h.state from backlog.hooks as h where h.name = 'audit'), 'enabled', 'and it can be closed');
select backlog.pause_event_type('hook.audit', 'by hand');
select is((select h.state from backlog.hooks as h where h.name = 'audit'), 'paused', 'a paused event type shows');

select backlog.announce_idle('listener', '{hook.audit}');
select bag_eq('select h.name, h.has_listener from backlog.hooks as h', $$values ('audit', true), ('other', false)$$, 'who has a listener');
set local test.now = '2030-01-01 12:10:00+00';
select bag_eq('select h.name, h.has_listener from backlog.hooks as h', $$values ('audit', false), ('other', false)$$, 'that is still alive');

select * from finish();
rollback;
