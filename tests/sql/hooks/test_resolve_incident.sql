begin;
select plan(30);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.create_pipeline('orders');
create table public.item (id int primary key, amount int not null check (amount > 0));
select backlog.add_pipeline_table('orders', 'public.item', p_on_malformed => 'quarantine_row');
create function pg_temp.state(p_id bigint) returns text language sql as $$select i.state from backlog.incidents as i where i.incident_id = p_id$$;

-- A quarantined row
select backlog.stage_rows('orders', 'item', '[{"id": 1, "amount": 0}, {"id": 2, "amount": 2}]');
select backlog.load_pipeline('orders');
create temp table q as select i.* from backlog.incidents as i;
select results_eq(
  $$select q.state, q.table_name, q.error_code, q.constraint_name, q.record, q.source, q.quarantine_id is not null, q.attempt from q$$,
  $$values ('open', 'item', '23514', 'item_amount_check', '{"id": 1, "amount": 0}'::jsonb, 'quarantine', true, 1)$$,
  'its facts are those of quarantine'
);
select is((select i.record from backlog_internal.incident as i), null, 'and not kept twice');
select is(backlog.resolve_incident(q.incident_id, 'replay'), 'replaying', 'it can be replayed') from q;
select is(pg_temp.state(q.incident_id), 'replaying', 'which takes a load') from q;
select throws_ok(format('select backlog.resolve_incident(%s, %L)', q.incident_id, 'replay'), 'PB204', null, 'not while it is replayed') from q;
set local test.now = '2030-01-01 12:01:00+00';
select backlog.load_pipeline('orders');
select is(pg_temp.state(q.incident_id), 'open', 'refused again, it is open again') from q;
select is((select count(*) from backlog.incidents), 1::bigint, 'and the same incident');
select is(backlog.resolve_incident(q.incident_id, 'dismiss', 'a test row'), 'dismissed', 'it can be dismissed') from q;
select results_eq(
  $$select i.state, i.note, i.resolved_at, i.resolved_by = session_user from backlog.incidents as i$$,
  $$values ('dismissed', 'a test row', '2030-01-01 12:01:00+00'::timestamptz, true)$$, 'with a note'
);
select is((select r.state from backlog.quarantine as r limit 1), 'dismissed', 'as is its row');
select throws_ok(format('select backlog.resolve_incident(%s, %L)', q.incident_id, 'dismiss'), 'PB204', null, 'only once') from q;
select backlog.stage_rows('orders', 'item', '[{"id": 3, "amount": "x"}]');
select backlog.dismiss_quarantine('{}', 'by hand');
select is((select i.state from backlog.incidents as i order by i.incident_id desc limit 1), 'dismissed', 'whoever deals with the row deals with the incident');

-- A dead letter
select backlog.enqueue_retry_item('mail', '{"to": "a"}', p_max_retries => 0);
select backlog.fail_retry_item(a.id, 'w', 'no route', 'X') from backlog.acquire_retry_items('w', 10, 300, '{mail}') as a;
create temp table d as select i.* from backlog.incidents as i where i.source = 'dead_letter';
select results_eq(
  $$select d.state, d.pipeline, d.error, d.error_code, d.record, d.metadata from d$$,
  $$values ('open', null::text, 'no route', 'X', '{"to": "a"}'::jsonb, '{"event_type": "mail", "channel_name": ""}'::jsonb)$$,
  'a dead letter of no pipeline is an incident as well'
);
select is(backlog.resolve_incident(d.incident_id, 'replay'), 'replaying', 'it can be redriven') from d;
select is(pg_temp.state(d.incident_id), 'replaying', 'then it is at work') from d;
set local test.now = '2030-01-01 12:02:00+00';
select backlog.fail_retry_item(a.id, 'w', 'still no route', 'X') from backlog.acquire_retry_items('w', 10, 300, '{mail}') as a;
select results_eq($$select i.state, i.error from backlog.incidents as i join d on d.incident_id = i.incident_id$$,
  $$values ('open', 'still no route')$$, 'dead again, it is open again');
select is(backlog.resolve_incident(d.incident_id, 'dismiss', 'moved away'), 'dismissed', 'it can be discarded') from d;
select is_empty('select from backlog.dead_letters', 'then the dead letter is gone');
select is(pg_temp.state(d.incident_id), 'dismissed', 'and the incident knows') from d;

-- The user's own
create temp table u as select backlog.record_incident('orders', '{"id": 7}', 'lost', p_replay_as => 'order.retry') as id;
select is(backlog.resolve_incident(u.id, 'replay'), 'replaying', 'it can be replayed as an item') from u;
select results_eq($$select i.event_data, i.event_metadata -> 'incident_id' = to_jsonb(u.id) from backlog.retry_items as i cross join u where i.event_type = 'order.retry'$$,
  $$values ('{"id": 7}'::jsonb, true)$$, 'with the record');
select backlog.complete_retry_item(a.id, 'w') from backlog.acquire_retry_items('w', 10, 300, '{order.retry}') as a;
select is(pg_temp.state(u.id), 'resolved', 'done, it is resolved') from u;
create temp table s as select backlog.record_incident('orders', '{"id": 8, "amount": 8}', 'lost', p_table_name => 'item') as id;
select is(backlog.resolve_incident(s.id, 'replay'), 'staged', 'or staged for its table') from s;
select is(pg_temp.state(s.id), 'resolved', 'from where the load goes on') from s;
select backlog.load_pipeline('orders');
select results_eq('select i.amount from public.item as i where i.id = 8', 'values (8)', 'and writes it');
create temp table n as select backlog.record_incident('orders', '{"id": 9}', 'lost') as id;
select throws_ok(format('select backlog.resolve_incident(%s, %L)', n.id, 'replay'), 'PB204', null, 'without either it cannot be replayed') from n;
select is(backlog.resolve_incident(n.id, 'dismiss'), 'dismissed', 'but dismissed') from n;

-- Refusals
select throws_ok($$select backlog.resolve_incident(0, 'replay')$$, 'PB203', 'there is no incident 0', 'no such incident');
select throws_ok($$select backlog.resolve_incident(1, 'forget')$$, 'PB003', null, 'no such action');
select throws_ok($$select backlog.resolve_incident(null, 'replay')$$, 'PB203', null, 'null');

select * from finish();
rollback;
