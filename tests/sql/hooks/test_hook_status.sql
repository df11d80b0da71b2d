begin;
select plan(6);
set local timezone = 'UTC';
set local test.now = '2030-01-01 12:00:00+00';
select backlog.create_pipeline('orders');
select is(backlog_internal.hook_status(), '[]', 'no hooks, no rows');
select backlog.register_hook('b', p_kind => 'incident');
select backlog.register_hook('a', p_mode => 'individual');
select backlog.save_checkpoint('orders', '[{"n": 1}, {"n": 2}, {"n": 3}]');
create temp table taken as select i.id, i.lock_token from backlog.acquire_retry_items('w', 1, 300, '{hook.a}') as i;
select is(
  backlog_internal.hook_status(),
  '[{"name": "a", "kind": "checkpoint", "state": "enabled", "pending": 2, "in_progress": 1, "dead_letters": 0,
     "oldest_waiting_at": "2030-01-01T12:00:00+00:00", "has_listener": false},
    {"name": "b", "kind": "incident", "state": "enabled", "pending": 0, "in_progress": 0, "dead_letters": 0,
     "oldest_waiting_at": null, "has_listener": false}]',
  'each by name, with what waits'
);
select is(backlog.status_report() -> 'hooks', backlog_internal.hook_status(), 'it is part of the report');

-- Who wants what.
select backlog.register_hook('mine', p_pipelines => '{orders}');
select backlog.register_hook('other', p_pipelines => '{stock}');
select backlog.register_hook('off');
select backlog.disable_hook('off');
select results_eq($$select h.name from backlog_internal.interested_hooks('checkpoint', 'orders') as h order by 1$$, $$values ('a'), ('mine')$$, 'enabled, of the kind, of all pipelines or this one');
select results_eq($$select h.name from backlog_internal.interested_hooks('checkpoint', null) as h order by 1$$, $$values ('a')$$, 'what is of no pipeline is for those of all');
select is_empty($$select from backlog_internal.interested_hooks('alert', 'orders')$$, 'nobody listens to alerts');

select * from finish();
rollback;
