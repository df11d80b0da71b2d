begin;
select plan(6);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.create_pipeline('orders');
select backlog.register_hook('audit', p_mode => 'individual');
select backlog.register_hook('other');
select backlog.save_checkpoint('orders', '[{"n": 1}, {"n": 2}, {"n": 3}]');
create temp table taken as select * from backlog.acquire_retry_items('w', 1, 300, '{hook.audit}');
select is(backlog.drop_hook('audit'), 3::bigint, 'its deliveries are cancelled, at work or not');
select results_eq('select i.event_type from backlog.retry_items as i', $$values ('hook.other')$$, 'those of others are not');
select throws_ok(format('select backlog.complete_retry_item(%s, %L, %s)', t.id, 'w', t.lock_token), 'PB002', null, 'who is at work is told') from taken as t;
select is((select count(*) from backlog.retry_history as h where h.outcome = 'cancelled' and h.error = 'hook audit was dropped'), 3::bigint, 'the history says why');

-- Written by somebody who still saw it
select backlog.enqueue_retry_item('hook.audit', '{}');
insert into backlog_internal.hook_turn (hook_id, key, priority, event_data, created_at) values (0, 'k', 5, '{}', now());
select is(backlog_internal.cancel_orphans(100), 2::bigint, 'tick finds what came later');
select results_eq('select i.event_type from backlog.retry_items as i', $$values ('hook.other')$$, 'and nothing else');

select * from finish();
rollback;
