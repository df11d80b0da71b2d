begin;
select plan(22);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.create_pipeline('orders');
select backlog.register_hook('note', 'incident', p_mode => 'individual');
select backlog.register_hook('page', 'alert');

create temp table made as
select backlog.record_incident(
  'orders', '{"id": 1}', 'no such customer', '23503', 'order_customer_fkey', 'order', 2, 'c-1', '{"by": "test"}', 'order.retry'
) as id;
select results_eq(
  $$select i.pipeline, i.table_name, i.state, i.critical, i.error, i.error_code, i.constraint_name, i.attempt, i.record,
      i.source, i.correlation_id, i.metadata, i.replay_as, i.created_at
    from backlog.incidents as i join made as m on m.id = i.incident_id$$,
  $$values ('orders', 'order', 'open', false, 'no such customer', '23503', 'order_customer_fkey', 2, '{"id": 1}'::jsonb,
      'user', 'c-1', '{"by": "test"}'::jsonb, 'order.retry', '2030-01-01 12:00:00+00'::timestamptz)$$,
  'everything that is said is kept'
);
select results_eq(
  $$select i.event_type, i.event_data -> 'record', i.event_data ->> 'error', i.event_data ->> 'error_code',
      i.event_data ->> 'constraint', i.event_data -> 'attempt', (i.event_data -> 'incident_id')::bigint = m.id
    from backlog.retry_items as i cross join made as m$$,
  $$values ('hook.note', '{"id": 1}'::jsonb, 'no such customer', '23503', 'order_customer_fkey', '2'::jsonb, true)$$,
  'the hook is told all of it'
);
select results_eq(
  $$select e.kind, e.record_count, e.error, e.error_code, e.constraint_name, e.attempt
    from backlog_internal.event as e$$,
  $$values ('incident', 1::bigint, 'no such customer', '23503', 'order_customer_fkey', 2)$$, 'so is the event'
);

-- Failure statistics
set local test.now = '2030-01-01 13:00:00+00';
select backlog.record_incident('orders', '{"id": 2}', 'time-out', 'TimeoutError');
select results_eq(
  'select * from backlog.failure_stats',
  $$values ('orders', 2::bigint, '2030-01-01 13:00:00+00'::timestamptz, 'time-out', 'TimeoutError')$$,
  'failures are counted, with the last one'
);

-- Critical records
select is(
  backlog.set_critical_rule('priority', $$record ->> 'priority' in ('critical', 'high')$$),
  $$((record ->> 'priority'::text) = ANY (ARRAY['critical'::text, 'high'::text]))$$, 'a rule is understood'
);
select backlog.set_critical_rule('amount', $$(record ->> 'amount')::int > 100$$);
select backlog.set_critical_rule('elsewhere', 'true', '{invoices}');
create temp table critical as
select backlog.record_incident('orders', '{"id": 3, "priority": "high", "amount": 500}', 'lost') as id;
select results_eq(
  $$select i.critical, i.critical_because from backlog.incidents as i join critical as c on c.id = i.incident_id$$,
  $$values (true, 'amount; priority')$$, 'the rules that match are named'
);
select results_eq(
  $$select i.event_data ->> 'kind', i.event_data -> 'records', i.event_data ->> 'error',
      (i.event_data -> 'incident_id')::bigint = c.id, i.event_data -> 'metadata' -> 'critical_because'
    from backlog.retry_items as i cross join critical as c where i.event_type = 'hook.page'$$,
  $$values ('alert', '[{"id": 3, "amount": 500, "priority": "high"}]'::jsonb, 'lost', true, '["amount; priority"]'::jsonb)$$,
  'the alert hook is called'
);
select backlog.record_incident('orders', '{"id": 4, "priority": "low", "amount": 5}', 'lost');
select is((select count(*) from backlog.incidents as i where i.critical), 1::bigint, 'others are not critical');

-- A rule that cannot be applied
create temp table doubtful as
select backlog.record_incident('orders', '{"id": 5, "amount": "much"}', 'lost') as id;
select results_eq(
  $$select i.critical, i.critical_because from backlog.incidents as i join doubtful as d on d.id = i.incident_id$$,
  $$values (true, 'amount, which could not be applied: invalid input syntax for type integer: "much"')$$,
  'counts as matching and says why; the incident stands'
);
select lives_ok($$select backlog.drop_critical_rule('amount')$$, 'a rule can be dropped');
select throws_ok($$select backlog.drop_critical_rule('amount')$$, 'PB005', null, 'once');
select results_eq($$select r.name from backlog.critical_rules as r order by 1$$, $$values ('elsewhere'), ('priority')$$, 'the rules are listed');

-- Rules that cannot be
select throws_ok($$select backlog.set_critical_rule('', 'true')$$, 'PB003', null, 'no name');
select throws_ok($$select backlog.set_critical_rule('x', '')$$, 'PB003', null, 'no predicate');
select throws_like($$select backlog.set_critical_rule('x', 'nonsense')$$, 'PB202', 'critical rule x: %nonsense%', 'no expression');
select throws_ok($$select backlog.set_critical_rule('x', 'true); drop table backlog_internal.incident; select (true')$$, 'PB202', null, 'two statements');
select throws_ok($$select backlog.set_critical_rule('x', $x$(record ->> 'at')::timestamptz < now()$x$)$$, 'PB202', null, 'it depends on when it is asked');
select throws_ok($$select backlog.set_critical_rule('x', 'exists (select from pg_class)')$$, 'PB202', null, 'a query');

-- Refusals
select throws_ok($$select backlog.record_incident('nowhere', '{}', 'x')$$, 'PB101', null, 'no such pipeline');
select throws_ok($$select backlog.record_incident('orders', '[]', 'x')$$, 'PB003', 'the record must be an object', 'no record');
select throws_ok($$select backlog.record_incident('orders', '{}', null)$$, 'PB003', null, 'no error');
select throws_ok($$select backlog.record_incident('orders', '{}', 'x', p_attempt => 0)$$, 'PB003', null, 'no attempt');

select * from finish();
rollback;
