begin;
select plan(28);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.create_pipeline('orders');

create temp table made as select backlog.register_hook('audit') as id;
select results_eq(
  $$select h.name, h.kind, h.pipelines, h.mode, h.payload, h.language, h.transactional, h.order_key, h.enabled, h.event_type
    from backlog.hooks as h$$,
  $$values ('audit', 'checkpoint', null::text[], 'bulk', 'records', 'python', false, null::text, true, 'hook.audit')$$,
  'a name is enough'
);
select is_empty($$select from backlog.retry_policies as p where p.event_type = 'hook.audit'$$, 'the default policy holds');

-- Again: the same, or changed
set local test.now = '2030-01-01 13:00:00+00';
select is(backlog.register_hook('audit'), (select m.id from made as m), 'it may be repeated');
select is((select h.changed_at from backlog.hooks as h), '2030-01-01 12:00:00+00'::timestamptz, 'the same definition is no change');
select is(
  backlog.register_hook('audit', 'incident', '{orders}', 'individual', 'keys', true, 'id', 30, 4, 7),
  (select m.id from made as m), 'a definition may change'
);
select results_eq(
  $$select h.kind, h.pipelines, h.mode, h.payload, h.transactional, h.order_key, h.timeout_seconds, h.concurrency, h.max_retries, h.changed_at
    from backlog.hooks as h$$,
  $$values ('incident', '{orders}'::text[], 'individual', 'keys', true, 'id', 30, 4, 7, '2030-01-01 13:00:00+00'::timestamptz)$$,
  'and is kept'
);
select results_eq(
  $$select p.concurrency_limit, p.max_retries from backlog.retry_policies as p where p.event_type = 'hook.audit'$$,
  'values (4, 7)', 'the limits are those of its event type'
);
select backlog.register_hook('audit', 'incident', '{orders}', 'individual');
select results_eq(
  $$select p.concurrency_limit, p.max_retries from backlog.retry_policies as p where p.event_type = 'hook.audit'$$,
  'values (4, 7)', 'null leaves the policy as it is'
);
select backlog.disable_hook('audit', 'noisy');
select backlog.register_hook('audit', 'incident');
select is((select h.state from backlog.hooks as h), 'disabled', 'a listener that starts enables nothing');

-- The beginning
select backlog.save_checkpoint('orders', '[{"id": 1}, {"id": 2}]');
select backlog.save_checkpoint('orders', '[{"id": 3}]');
select backlog.register_hook('late', p_mode => 'individual', p_start => 'beginning');
select backlog.save_checkpoint('orders', '[{"id": 4}]');
set local test.now = '2030-01-01 13:00:10+00';
create temp table task as select * from backlog.acquire_retry_items('w', 10, 300, '{hook.expand}');
select is(backlog.expand_deliveries(t.id, t.lock_token), false, 'the past fits one slice') from task as t;
select bag_eq(
  $$select i.event_data -> 'record' -> 'id', i.priority, i.event_data -> 'replay' from backlog.retry_items as i where i.event_type = 'hook.late'$$,
  $$values ('4'::jsonb, 5, 'null'::jsonb), ('1', 3, 'null'), ('2', 3, 'null'), ('3', 3, 'null')$$,
  'it gets what is kept, each once, after what is new'
);
select backlog.register_hook('late', p_mode => 'individual', p_start => 'beginning');
select is_empty($$select from backlog.retry_items as i where i.event_type = 'hook.expand'$$, 'only a new hook begins at the beginning');

-- Refusals
create temp table before as select count(*) as hooks from backlog_internal.hook;
select throws_ok($$select backlog.register_hook('')$$, 'PB202', null, 'no name');
select throws_ok($$select backlog.register_hook(null)$$, 'PB202', null, 'a null name');
select throws_ok($$select backlog.register_hook('a b')$$, 'PB202', null, 'a name with a space');
select throws_ok($$select backlog.register_hook('expand')$$, 'PB202', null, 'a name that is taken');
select throws_ok($$select backlog.register_hook('a', 'other')$$, 'PB202', $$hook 'a': kind must be checkpoint, incident or alert$$, 'an unknown kind');
select throws_ok($$select backlog.register_hook('a', p_pipelines => '{}')$$, 'PB202', null, 'no pipelines');
select throws_ok($$select backlog.register_hook('a', p_mode => 'some')$$, 'PB202', null, 'an unknown mode');
select throws_ok($$select backlog.register_hook('a', p_payload => 'some')$$, 'PB202', null, 'an unknown payload');
select throws_ok($$select backlog.register_hook('a', p_mode => 'individual', p_payload => 'none')$$, 'PB202', null, 'each of nothing');
select throws_ok($$select backlog.register_hook('a', p_order_key => 'id')$$, 'PB202', null, 'an order in bulk');
select throws_ok($$select backlog.register_hook('a', p_timeout_seconds => 0)$$, 'PB202', null, 'no time');
select throws_ok($$select backlog.register_hook('a', p_concurrency => 0)$$, 'PB202', null, 'no concurrency');
select throws_ok($$select backlog.register_hook('a', p_max_retries => -1)$$, 'PB202', null, 'negative retries');
select throws_ok($$select backlog.register_hook('a', p_start => 'soon')$$, 'PB202', null, 'an unknown start');
select throws_ok($$select backlog.register_hook('a', p_transactional => null)$$, 'PB202', null, 'maybe transactional');
select is((select count(*) from backlog_internal.hook), (select b.hooks from before as b), 'nothing was registered');

select * from finish();
rollback;
