begin;
select plan(7);
select backlog.create_pipeline('orders');
create table public.item (id int primary key);
select backlog.add_pipeline_table('orders', 'public.item');
create function pg_temp.replay(p_facts jsonb) returns text language sql as $$
  select backlog_internal.replay_incident(
    jsonb_populate_record(null::backlog_internal.incident, '{"incident_id": 1, "pipeline": "orders"}' || p_facts)
  )
$$;
select throws_like($$select pg_temp.replay('{"quarantine_row_id": -1}')$$, 'PB204', '%somebody else is at it', 'its row in quarantine is gone');
select throws_like($$select pg_temp.replay('{"item_id": -1}')$$, 'PB204', '%somebody else is at it', 'its dead letter is gone');
select throws_like($$select pg_temp.replay('{"record": {"id": 1}}')$$, 'PB204', '%neither the event type nor the table%', 'nobody would take its record');
select throws_like($$select pg_temp.replay('{"table_name": "item"}')$$, 'PB204', '%neither the event type nor the table%', 'there is no record');
select is(pg_temp.replay('{"table_name": "item", "record": {"id": 1}}'), 'staged', 'a record for a table is staged');
select is(pg_temp.replay('{"table_name": "item", "record": {"to": "a"}, "replay_as": "mail", "correlation_id": "c"}'), 'replaying', 'an event type goes first');
select results_eq(
  $$select i.event_type, i.event_data, i.event_metadata, i.correlation_id from backlog.retry_items as i where i.event_type = 'mail'$$,
  $$values ('mail', '{"to": "a"}'::jsonb, '{"incident_id": 1}'::jsonb, 'c')$$, 'as an item that knows its incident'
);

select * from finish();
rollback;
