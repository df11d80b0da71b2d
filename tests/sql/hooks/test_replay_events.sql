begin;
select plan(21);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.create_pipeline('orders');
select backlog.create_pipeline('invoices');
select backlog.register_hook('each', p_mode => 'individual');
select backlog.register_hook('all', p_pipelines => '{orders}');
select backlog.register_hook('failed', 'incident');
create temp table e as select n, backlog.save_checkpoint('orders', jsonb_build_array(jsonb_build_object('n', n), jsonb_build_object('m', n))) as id
from generate_series(1, 3) as n;
set local test.now = '2030-01-02 12:00:00+00';
select backlog.save_checkpoint('invoices', '{"n": 4}');
delete from backlog_internal.retry_item;
delete from backlog_internal.retry_ready;

select results_eq($$select * from backlog.replay_events(p_from => '2030-01-01', p_dry_run => true)$$,
  $$values ('all', 3::bigint, 3::bigint), ('each', 4, 7)$$, 'a dry run counts, hook by hook');
select is_empty('select from backlog.retry_items', 'and does nothing');
select results_eq($$select * from backlog.replay_events('each', p_from => '2030-01-01', p_to => '2030-01-02 12:00:00+00')$$,
  $$values ('each', 3::bigint, 6::bigint)$$, 'one hook, and the end is not part of it');
select is((select count(*) from backlog.retry_items as i where i.event_type = 'hook.each'), 6::bigint, 'as many deliveries');
select results_eq(
  $$select distinct i.priority, (i.event_data -> 'replay')::int > 0, i.event_data ->> 'idempotency_key' like 'each:%'
    from backlog.retry_items as i$$, 'values (3, true, true)', 'marked as a replay, less urgent, with the key of the first time'
);
delete from backlog_internal.retry_item;
delete from backlog_internal.retry_ready;
select results_eq(
  $$select r.* from backlog.replay_events(p_event_ids => array(select e.id from e where e.n = 2)) as r$$,
  $$values ('all', 1::bigint, 1::bigint), ('each', 1, 2)$$, 'a list of events, to all hooks that want them'
);
delete from backlog_internal.retry_item;
delete from backlog_internal.retry_ready;
select results_eq($$select * from backlog.replay_events('each', p_from => '2030-01-01', p_limit => 2)$$,
  $$values ('each', 2::bigint, 4::bigint)$$, 'not more than the limit');
select results_eq($$select distinct i.event_data -> 'event_id' = to_jsonb(e.id), e.n from backlog.retry_items as i join e on to_jsonb(e.id) = i.event_data -> 'event_id' order by 2$$,
  'values (true, 1), (true, 2)', 'the oldest');
select is_empty($$select * from backlog.replay_events('failed', p_from => '2030-01-01')$$, 'a hook gets no events that it does not want');
delete from backlog_internal.retry_item;
delete from backlog_internal.retry_ready;

-- What was missed
select backlog.disable_hook('all', 'holiday');
select backlog.save_checkpoint('orders', '{"n": 5}');
select is_empty($$select * from backlog.retry_items as i where i.event_type = 'hook.all'$$, 'a disabled hook gets nothing');
select is_empty($$select * from backlog.replay_events(p_from => '2030-01-01', p_dry_run => true) as r where r.hook = 'all'$$, 'nor by a replay to all');
select backlog.enable_hook('all');
select results_eq($$select * from backlog.replay_events('all', p_from => '2030-01-01', p_only_missed => true)$$,
  $$values ('all', 1::bigint, 1::bigint)$$, 'what it missed can be delivered later');
select results_eq($$select i.event_data -> 'records' from backlog.retry_items as i where i.event_type = 'hook.all'$$,
  $$values ('[{"n": 5}]'::jsonb)$$, 'and nothing else');
delete from backlog_internal.retry_item;
delete from backlog_internal.retry_ready;

-- Large replays go in slices
select backlog.save_checkpoint('orders', (select jsonb_agg(jsonb_build_object('big', n)) from generate_series(1, 90) as n)) from generate_series(1, 30);
delete from backlog_internal.retry_item;
delete from backlog_internal.retry_ready;
select results_eq($$select * from backlog.replay_events('each', p_from => '2030-01-02 00:00:00+00')$$,
  $$values ('each', 32::bigint, 2702::bigint)$$, 'many deliveries');
select cmp_ok((select count(*) from backlog.retry_items as i where i.event_type = 'hook.each'), '<=', 1000::bigint, 'are not made at once');
set local test.now = '2030-01-02 12:00:01+00';
create function pg_temp.work_off() returns int language plpgsql as $$
declare v_item record; v_done int := 0;
begin
  loop
    select * into v_item from backlog.acquire_retry_items('w', 1, 300, '{hook.expand}');
    exit when not found;
    perform backlog.expand_deliveries(v_item.id, v_item.lock_token);
    v_done := v_done + 1;
  end loop;
  return v_done;
end $$;
select is(pg_temp.work_off(), 2, 'the rest is made in slices');
select is((select count(distinct i.event_data ->> 'idempotency_key') from backlog.retry_items as i where i.event_type = 'hook.each'), 2702::bigint, 'none is left out or twice');

-- Refusals
select throws_ok('select backlog.replay_events()', 'PB003', null, 'all events of all times');
select throws_ok($$select backlog.replay_events('nobody', p_from => '2030-01-01')$$, 'PB201', null, 'no such hook');
select throws_ok($$select backlog.replay_events(p_event_ids => '{0}')$$, 'PB205', 'there is no event 0', 'no such event');
select throws_ok($$select backlog.replay_events(p_from => '2030-01-01', p_limit => 0)$$, 'PB003', null, 'no limit');

select * from finish();
rollback;
