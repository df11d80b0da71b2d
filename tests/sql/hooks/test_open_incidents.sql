begin;
select plan(9);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.create_pipeline('orders');
create function pg_temp.incident(p_id bigint, p_record jsonb, p_source text = 'user') returns backlog_internal.incident language plpgsql as $$
declare v backlog_internal.incident;
begin
  v.incident_id := p_id;
  v.pipeline := 'orders';
  v.table_name := 'orders';
  v.record := p_record;
  v.error := 'error ' || p_id;
  v.error_code := '23514';
  v.constraint_name := 'positive';
  v.attempt := 1;
  v.source := p_source;
  v.created_at := backlog_internal.clock();
  return v;
end $$;
create function pg_temp.last() returns backlog_internal.event language sql as 'select e from backlog_internal.event as e order by e.event_id desc limit 1';

select is(backlog_internal.open_incidents(array[pg_temp.incident(-1, '{"n": 1}')]), (pg_temp.last()).event_id, 'it returns the event');
select results_eq('select (e).error, (e).error_code, (e).constraint_name, (e).attempt, (e).records from pg_temp.last() as e', $$values ('error -1', '23514', 'positive', 1, '[{"n": 1}]'::jsonb)$$, 'of one incident the event tells all');
select is((pg_temp.last()).details -> 0 ->> 'incident_id', '-1', 'and which it is');

select backlog_internal.open_incidents(array[pg_temp.incident(-2, '{"n": 2}'), pg_temp.incident(-3, '{"n": 3}')]);
select results_eq('select (e).error, (e).record_count, jsonb_array_length((e).details) from pg_temp.last() as e', $$values (null, 2::bigint, 2)$$, 'of several the details do');
select results_eq('select i.incident_id, i.position, i.error from backlog_internal.incident as i order by 1 desc', $$values (-1::bigint, 1, 'error -1'), (-2, 1, 'error -2'), (-3, 2, 'error -3')$$, 'each is a row with its place');

-- What is kept elsewhere is repeated for those who want to see it.
select backlog_internal.open_incidents(array[pg_temp.incident(-4, '{"n": 4}', 'backfill')]);
select is((pg_temp.last()).records, null, 'nobody wants to see the record');
select backlog.register_hook('seen', 'incident', p_mode => 'individual');
select backlog_internal.open_incidents(array[pg_temp.incident(-5, '{"n": 5}', 'backfill')]);
select is((pg_temp.last()).records, '[{"n": 5}]', 'somebody does');

-- One that is critical raises an alert.
select backlog.set_critical_rule('big', p_predicate => '(record ->> ''n'')::int > 5');
select backlog_internal.open_incidents(array[pg_temp.incident(-6, '{"n": 1}'), pg_temp.incident(-7, '{"n": 6}')]);
select results_eq('select i.incident_id, i.critical from backlog_internal.incident as i where i.incident_id in (-6, -7) order by 1', 'values (-7::bigint, true), (-6, false)', 'only the one to which the rule applies');
select is((select count(*) from backlog_internal.event as e where e.kind = 'alert'), 1::bigint, 'and one alert');

select * from finish();
rollback;
