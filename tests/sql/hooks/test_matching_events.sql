begin;
select plan(14);
select backlog.create_pipeline('orders');
select backlog.create_pipeline('bills');
create temp table made (at timestamptz, id bigint);
create function pg_temp.make(p_at text, p_pipeline text, p_records jsonb) returns void language plpgsql as $$
begin
  perform set_config('test.now', p_at, true);
  insert into made select p_at::timestamptz, backlog.save_checkpoint(p_pipeline, p_records, 'order');
end $$;
select backlog.register_hook('early');
select pg_temp.make('2030-01-01 10:00+00', 'orders', '[{"id": 1}]');
select backlog.register_hook('each', p_mode => 'individual');
select backlog.register_hook('bills', p_pipelines => '{bills}');
select backlog.register_hook('failed', p_kind => 'incident');
select pg_temp.make('2030-01-01 11:00+00', 'orders', '[{"id": 2}]');
select pg_temp.make('2030-01-01 12:00+00', 'bills', '[{"id": 3}]');
update backlog_internal.event as e set records = null where e.pipeline = 'bills';

create function pg_temp.found(p_hook text, p_filter jsonb = '{}') returns int[] language sql as $$
  select array(
    select extract(hour from m.created_at at time zone 'UTC')::int
    from backlog_internal.hook as h
    cross join lateral backlog_internal.matching_events(h, p_filter) as m
    where h.name = p_hook
    order by m.event_id
  )
$$;
select is(pg_temp.found('early'), '{10,11,12}'::int[], 'all of its kind');
select is(pg_temp.found('failed'), '{}'::int[], 'none of another kind');
select is(pg_temp.found('bills'), '{12}'::int[], 'only of its pipelines');
select is(pg_temp.found('each'), '{10,11}'::int[], 'one by one, only where the records were kept');
select is(pg_temp.found('early', '{"from": "2030-01-01 11:00+00"}'), '{11,12}'::int[], 'from a moment on');
select is(pg_temp.found('early', '{"to": "2030-01-01 11:00+00"}'), '{10}'::int[], 'before a moment');
select is(pg_temp.found('early', '{"from": "2030-01-01 10:00+00", "to": "2030-01-01 10:00+00"}'), '{}'::int[], 'nothing is in no time');
select is(pg_temp.found('early', (select jsonb_build_object('event_ids', jsonb_agg(m.id)) from made as m where extract(hour from m.at at time zone 'UTC') <> 11)), '{10,12}'::int[], 'by number');
select is(pg_temp.found('early', '{"event_ids": []}'), '{}'::int[], 'no number is none');
select is(pg_temp.found('early', (select jsonb_build_object('first_event_id', max(m.id)) from made as m)), '{12}'::int[], 'the parts of one');
select is(pg_temp.found('each', '{"undelivered": true}'), '{10}'::int[], 'what it was not told');
select is(pg_temp.found('early', '{"undelivered": true}'), '{}'::int[], 'which is nothing for who was there');

-- A task is left for later, and of a hook that is gone there is nothing left to do
set local test.now = '2030-01-01 13:00:00+00';
create temp table left_over as select backlog_internal.enqueue_expansion('{"task": "turns", "run_at": "2030-01-01 14:00+00"}') as id;
select is(
  (select i.run_at from backlog.retry_items as i join left_over as l on l.id = i.id),
  '2030-01-01 14:00:00+00'::timestamptz, 'a task is run when it asks to be'
);
select is(backlog_internal.run_task('{"task": "turns", "hook_id": -1, "keys": ["a"]}'), null::jsonb, 'of a hook that was dropped nothing is left');

select * from finish();
rollback;
