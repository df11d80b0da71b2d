begin;
select plan(11);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.create_pipeline('orders');
create table public.part (id int primary key, amount int not null check (amount > 0));
create table public.tool (id int primary key, amount int not null check (amount > 0));
select backlog.add_pipeline_table('orders', 'public.part', p_on_malformed => 'quarantine_row');
select backlog.add_pipeline_table('orders', 'public.tool', p_on_malformed => 'quarantine_row');
select backlog.register_hook('note', 'incident', p_mode => 'individual');
select backlog.register_hook('sum', 'incident', p_payload => 'none');
select backlog.set_critical_rule('large', $$(record -> 'id')::int > 1200$$);

select backlog.stage_rows('orders', 'part', (select jsonb_agg(jsonb_build_object('id', n, 'amount', -n) order by n) from generate_series(1, 1250) as n));
select backlog.stage_rows('orders', 'tool', '[{"id": 1, "amount": 0}]');
select backlog.load_pipeline('orders');
select results_eq(
  $$select i.table_name, count(*), count(*) filter (where i.critical) from backlog.incidents as i where i.state = 'open' group by 1 order by 1$$,
  $$values ('part', 1250::bigint, 50::bigint), ('tool', 1, 0)$$, 'every refused row is an incident'
);
select results_eq(
  $$select e.table_name, e.record_count from backlog_internal.event as e where e.kind = 'incident' order by 1, 2$$,
  $$values ('part', 250::bigint), ('part', 1000), ('tool', 1)$$, 'told by table, a thousand at a time'
);
select results_eq(
  $$select e.record_count from backlog_internal.event as e where e.kind = 'alert'$$, 'values (50::bigint)', 'with one alert for the critical ones'
);
select results_eq('select f.pipeline, f.failures from backlog.failure_stats as f', $$values ('orders', 1251::bigint)$$, 'all are counted');
select is(
  (select count(*) from backlog_internal.incident as i join backlog_internal.event as e on e.event_id = i.event_id
    where (e.details -> (i.position - 1) -> 'incident_id')::bigint = i.incident_id),
  1251::bigint, 'an incident knows its place in the event'
);
select results_eq(
  $$select i.event_data -> 'record', i.event_data ->> 'error_code', i.event_data ->> 'constraint', (i.event_data -> 'source_id')::bigint = n.quarantine_id
    from backlog.retry_items as i join backlog.incidents as n on n.incident_id = (i.event_data -> 'incident_id')::bigint
    where i.event_type = 'hook.note' and i.event_data ->> 'table' = 'tool'$$,
  $$values ('{"id": 1, "amount": 0}'::jsonb, '23514', 'tool_amount_check', true)$$, 'a hook is told the row and the reason'
);
select is((select count(*) from backlog.retry_items as i where i.event_type = 'hook.sum'), 3::bigint, 'once per event in bulk');

-- Nobody looks at the records: they are not repeated
select backlog.drop_hook('note');
delete from backlog_internal.critical_rule;
select backlog.stage_rows('orders', 'tool', '[{"id": 2, "amount": 0}]');
select backlog.load_pipeline('orders');
select results_eq(
  $$select e.records, e.record_count from backlog_internal.event as e order by e.event_id desc limit 1$$,
  $$values (null::jsonb, 1::bigint)$$, 'an event without records'
);
select is((select i.record from backlog.incidents as i order by i.incident_id desc limit 1), '{"id": 2, "amount": 0}'::jsonb, 'the incident has it from quarantine');

-- A row that is refused again is the same incident, for its latest reason
create table public.gear (id int primary key, amount int not null constraint positive check (amount > 0) constraint small check (amount < 9));
select backlog.add_pipeline_table('orders', 'public.gear', p_on_malformed => 'quarantine_row');
select backlog.stage_rows('orders', 'gear', '[{"id": 1, "amount": 0}]');
select backlog.load_pipeline('orders');
select results_eq($$select i.constraint_name, i.attempt from backlog.incidents as i where i.table_name = 'gear'$$, $$values ('positive', 1)$$, 'refused for one reason');
select backlog.edit_quarantine(q.quarantine_id, '{"id": 1, "amount": 10}') from backlog.quarantine as q where q.table_name = 'gear';
select backlog.load_pipeline('orders');
select results_eq($$select i.constraint_name, i.attempt from backlog.incidents as i where i.table_name = 'gear'$$, $$values ('small', 2)$$, 'and then for another');

select * from finish();
rollback;
