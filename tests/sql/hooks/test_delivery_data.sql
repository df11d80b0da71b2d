begin;
select plan(14);
set local test.now = '2030-01-01 12:00:00+00';

create function pg_temp.told(p_event jsonb, p_hook jsonb, p_position int, p_seen jsonb, p_detail jsonb = null) returns jsonb language sql as $$
  select backlog_internal.delivery_data(
    jsonb_populate_record(null::backlog_internal.event, '{"event_id": 7, "kind": "incident", "record_count": 1}' || p_event),
    jsonb_populate_record(null::backlog_internal.hook, '{"name": "note"}' || p_hook), p_position, p_seen, p_detail, 3
  )
$$;
create temp table event as select '{"error": "all", "error_code": "E", "constraint_name": "c", "attempt": 2, "source_id": 5, "record_count": 2,
  "details": [{"error": "first"}, {"error": "second"}], "part": 2, "parts": 4, "metadata": {"a": 1}, "correlation_id": "x", "source": "user"}'::jsonb as facts;

-- What is known of one record goes before what is known of the event
select is(
  pg_temp.told(e.facts, '{}', 2, '{"id": 1}', '{"error": "mine", "error_code": "M", "constraint": "own", "attempt": 9, "source_id": 11, "incident_id": 4}')
    - '{hook,kind,event_id,pipeline,table,created_at}'::text[],
  '{"idempotency_key": "note:7:2", "position": 2, "record": {"id": 1}, "record_count": 2, "part": 2, "parts": 4, "error": "mine", "error_code": "M",
    "constraint": "own", "attempt": 9, "incident_id": 4, "details": null, "source": "user", "source_id": 11, "correlation_id": "x", "metadata": {"a": 1},
    "ordered": false, "replay": 3}',
  'a record has its own reason'
) from event as e;
select is(
  pg_temp.told(e.facts, '{}', 1, '{"id": 1}') - '{hook,kind,event_id,pipeline,table,created_at,part,parts,metadata,correlation_id,source,replay,record}'::text[],
  '{"idempotency_key": "note:7:1", "position": 1, "record_count": 2, "error": "all", "error_code": "E", "constraint": "c", "attempt": 2,
    "incident_id": null, "details": null, "source_id": 5, "ordered": false}',
  'or that of the event'
) from event as e;

-- In bulk
select is(pg_temp.told(e.facts, '{}', null, '[1, 2]') -> 'details', '[{"error": "first"}, {"error": "second"}]', 'in bulk the reasons are side by side') from event as e;
select is(pg_temp.told(e.facts || '{"record_count": 1}', '{}', null, '[1]') -> 'details', 'null', 'a single one stands at the top') from event as e;
select is(pg_temp.told('{}', '{}', null, '[1]') -> 'records', '[1]', 'records in bulk');
select is(pg_temp.told('{}', '{}', null, '[1]') ? 'record', false, 'are not one record');
select is(pg_temp.told('{}', '{}', null, null) -> 'records', 'null', 'a hook that sees none gets none');
select is(pg_temp.told('{}', '{}', null, null) ->> 'idempotency_key', 'note:7:*', 'a delivery of all has a key of its own');
select is(pg_temp.told('{}', '{"order_key": "id"}', 1, '{}') -> 'ordered', 'true', 'an ordered hook is known as such');

-- Less to see
select is(
  (backlog_internal.reduce_events(array[jsonb_populate_record(null::backlog_internal.event, '{"event_id": 1, "records": [{"id": 1}]}')], 'none'))[1].records,
  null::jsonb, 'without payload there are no records'
);
create table public.part (id int primary key, note text);
select backlog.create_pipeline('orders');
select backlog.add_pipeline_table('orders', 'public.part');
create temp table reduced as
select u.event_id, u.records
from unnest(backlog_internal.reduce_events(
  array[
    jsonb_populate_record(null::backlog_internal.event, '{"event_id": 1, "pipeline": "orders", "table_name": "part", "records": [{"id": 1, "note": "a"}, {"id": 2, "note": "b"}]}'),
    jsonb_populate_record(null::backlog_internal.event, '{"event_id": 2, "pipeline": "orders", "table_name": "part", "records": null, "record_count": 9}')
  ], 'keys'
)) as u;
select is((select r.records from reduced as r where r.event_id = 1), '[{"id": 1}, {"id": 2}]', 'of records their keys');
select is((select r.records from reduced as r where r.event_id = 2), null::jsonb, 'of an event without records nothing');
select is((select count(*) from reduced as r), 2::bigint, 'and no event is lost');
select is(backlog_internal.reduce_events(array[]::backlog_internal.event[], 'keys'), array[]::backlog_internal.event[], 'nor made of none');

select * from finish();
rollback;
