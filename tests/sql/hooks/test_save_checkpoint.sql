begin;
select plan(25);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.create_pipeline('orders');

-- Without hooks there is an event and nothing else
create temp table made as
select backlog.save_checkpoint('orders', '[{"id": 1}, {"id": 2}]', 'order', 'c-1', '{"by": "test"}') as id;
select results_eq(
  $$select e.kind, e.pipeline, e.table_name, e.records, e.record_count, e.first_event_id = e.event_id,
      e.part, e.parts, e.correlation_id, e.metadata, e.source, e.hook_ids, e.created_at
    from backlog_internal.event as e join made as m on m.id = e.event_id$$,
  $$values ('checkpoint', 'orders', 'order', '[{"id": 1}, {"id": 2}]'::jsonb, 2::bigint, true, 1, 1,
      'c-1', '{"by": "test"}'::jsonb, 'user', '{}'::bigint[], '2030-01-01 12:00:00+00'::timestamptz)$$,
  'everything that is said is kept'
);
select is_empty('select from backlog_internal.retry_item', 'nobody is interested, so nothing is delivered');

-- Deliveries are made in the caller's transaction
select backlog.register_hook('each', p_mode => 'individual');
select backlog.register_hook('all');
select backlog.register_hook('names', p_payload => 'none');
select backlog.register_hook('other', p_pipelines => '{invoices}');
select backlog.register_hook('failed', p_kind => 'incident');
select backlog.save_checkpoint('orders', '[{"id": 1}, {"id": 2}]', 'order', 'c-2', '{"by": "test"}');
select bag_eq(
  $$select i.event_type, i.event_data -> 'record', i.event_data -> 'records', i.priority, i.correlation_id
    from backlog.retry_items as i$$,
  $$values ('hook.each', '{"id": 1}'::jsonb, null::jsonb, 5, 'c-2'), ('hook.each', '{"id": 2}', null, 5, 'c-2'),
      ('hook.all', null, '[{"id": 1}, {"id": 2}]', 5, 'c-2'), ('hook.names', null, 'null', 5, 'c-2')$$,
  'one delivery per record or per event, to the hooks that want it'
);
select results_eq(
  $$select i.event_data - 'event_id' - 'idempotency_key' from backlog.retry_items as i
    where i.event_data ->> 'position' = '2'$$,
  $$values ('{"kind": "checkpoint", "pipeline": "orders", "table": "order", "hook": "each", "position": 2,
      "record": {"id": 2}, "record_count": 2, "part": 1, "parts": 1,
      "created_at": "2030-01-01T12:00:00+00:00", "error": null, "error_code": null, "constraint": null,
      "attempt": null, "incident_id": null, "details": null, "source": "user", "source_id": null,
      "correlation_id": "c-2", "metadata": {"by": "test"}, "ordered": false, "replay": null}'::jsonb)$$,
  'a delivery says all there is to know'
);
select results_eq(
  $$select i.event_data ->> 'idempotency_key', i.event_data ->> 'hook' || ':' || (i.event_data ->> 'event_id')
      || ':' || coalesce(i.event_data ->> 'position', '*')
    from backlog.retry_items as i where i.event_type = 'hook.all'$$,
  $$select i.event_data ->> 'idempotency_key', i.event_data ->> 'idempotency_key'
    from backlog.retry_items as i where i.event_type = 'hook.all'$$,
  'the idempotency key is made of hook, event and position'
);
select results_eq(
  $$select array(select h.name from backlog_internal.hook as h where h.hook_id = any (e.hook_ids) order by 1)
    from backlog_internal.event as e where e.correlation_id = 'c-2'$$,
  $$values ('{all,each,names}'::text[])$$, 'the event remembers to whom it went'
);
select is((select count(distinct i.event_id) from backlog.retry_items as i), 4::bigint, 'items have event ids of their own');

-- One object is one record, and no records are no deliveries one by one
delete from backlog_internal.retry_item;
delete from backlog_internal.retry_ready;
select backlog.save_checkpoint('orders', '{"id": 7}');
select results_eq(
  $$select i.event_data -> 'record' from backlog.retry_items as i where i.event_type = 'hook.each'$$,
  $$values ('{"id": 7}'::jsonb)$$, 'an object is a record'
);
delete from backlog_internal.retry_item;
delete from backlog_internal.retry_ready;
select backlog.save_checkpoint('orders');
select bag_eq(
  $$select i.event_type, i.event_data -> 'records' from backlog.retry_items as i$$,
  $$values ('hook.all', '[]'::jsonb), ('hook.names', 'null')$$, 'a checkpoint without records'
);

-- Many records: the writer leaves the deliveries to others
delete from backlog_internal.retry_item;
delete from backlog_internal.retry_ready;
create temp table large as
select backlog.save_checkpoint(
  'orders', (select jsonb_agg(jsonb_build_object('n', n) order by n) from generate_series(1, 2500) as n)
) as id;
select results_eq(
  $$select e.part, e.parts, e.record_count, jsonb_array_length(e.records), e.records -> 0, e.records -> -1
    from backlog_internal.event as e join large as l on l.id = e.first_event_id order by e.part$$,
  $$values (1, 3, 1000::bigint, 1000, '{"n": 1}'::jsonb, '{"n": 1000}'::jsonb),
      (2, 3, 1000, 1000, '{"n": 1001}', '{"n": 2000}'), (3, 3, 500, 500, '{"n": 2001}', '{"n": 2500}')$$,
  'several events of one commit, with the records in their order'
);
select is((select l.id from large as l), (select min(e.event_id) from backlog_internal.event as e join large as l on l.id = e.first_event_id),
  'the first of them is returned');
select results_eq(
  $$select i.event_type, count(*) from backlog.retry_items as i group by 1$$,
  $$values ('hook.expand', 3::bigint)$$, 'one item per hook, however many records'
);
delete from backlog_internal.retry_item;
delete from backlog_internal.retry_ready;
select backlog.save_checkpoint(
  'orders', (select jsonb_agg(jsonb_build_object('n', n) order by n) from generate_series(1, 101) as n)
);
select bag_eq(
  $$select i.event_type, count(*) from backlog.retry_items as i group by 1$$,
  $$values ('hook.expand', 1::bigint), ('hook.all', 1), ('hook.names', 1)$$,
  'more than a hundred records are delivered one by one later, in bulk at once'
);
delete from backlog_internal.retry_item;
delete from backlog_internal.retry_ready;
select backlog.save_checkpoint(
  'orders', (select jsonb_agg(jsonb_build_object('n', n) order by n) from generate_series(1, 100) as n)
);
select is((select count(*) from backlog.retry_items as i where i.event_type = 'hook.each'), 100::bigint,
  'a hundred are delivered at once');

-- Keys: what the pipeline knows of its table
create table public.parcel (depot int, number int, weight int, primary key (depot, number));
select backlog.add_pipeline_table('orders', 'public.parcel');
select backlog.register_hook('keyed', p_mode => 'individual', p_payload => 'keys');
select backlog.save_checkpoint('orders', '{"depot": 1, "number": 2, "weight": 3}', 'parcel');
select results_eq(
  $$select i.event_data -> 'record' from backlog.retry_items as i where i.event_type = 'hook.keyed'$$,
  $$values ('{"depot": 1, "number": 2}'::jsonb)$$, 'keys are the key columns of the table'
);
select backlog.save_checkpoint('orders', '{"depot": 1}', 'elsewhere');
select is(
  (select i.event_data -> 'record' from backlog.retry_items as i where i.event_type = 'hook.keyed' order by i.id desc limit 1),
  '{"depot": 1}'::jsonb, 'a record of a table that the pipeline does not load stays whole'
);

-- Refusals
create temp table before as select count(*) as events from backlog_internal.event;
select throws_ok($$select backlog.save_checkpoint('nowhere')$$, 'PB101', $$there is no pipeline 'nowhere'$$, 'no such pipeline');
select throws_ok($$select backlog.save_checkpoint(null)$$, 'PB101', null, 'no pipeline');
select throws_ok($$select backlog.save_checkpoint('orders', '7')$$, 'PB003',
  'records must be an object or an array of objects, not number', 'a number');
select throws_ok($$select backlog.save_checkpoint('orders', null)$$, 'PB003', null, 'null');
select throws_ok($$select backlog.save_checkpoint('orders', 'null')$$, 'PB003', null, 'a jsonb null');
select is((select count(*) from backlog_internal.event), (select b.events from before as b), 'nothing was written');

-- It is part of the transaction
savepoint s;
select backlog.save_checkpoint('orders', '{"id": 99}', 'order', 'gone');
rollback to s;
select is_empty($$select from backlog_internal.event as e where e.correlation_id = 'gone'$$, 'what rolls back was not committed');
select is_empty($$select from backlog.retry_items as i where i.correlation_id = 'gone'$$, 'and nobody hears of it');

-- Settings
select backlog.set_setting('event_max_records', '200');
select backlog.save_checkpoint(
  'orders', (select jsonb_agg(jsonb_build_object('n', n)) from generate_series(1, 201) as n), p_correlation_id => 'small'
);
select is((select max(e.parts) from backlog_internal.event as e where e.correlation_id = 'small'), 2, 'event_max_records holds');

select * from finish();
rollback;
