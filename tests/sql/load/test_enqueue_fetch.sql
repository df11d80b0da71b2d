begin;
select plan(6);

select backlog.create_pipeline('p');
create temp table one as select * from backlog.enqueue_fetch('p', '{"page": 3}', 'full 1', 'page 3', '2030-01-01', 7, 'host');
select results_eq(
  'select r.id, r.event_id, r.event_type, r.event_data, r.correlation_id, r.dedupe_key, r.run_at, r.priority, r.channel_name from backlog.retry_items as r',
  $$select o.id, o.event_id, 'fetch.p', '{"page": 3}'::jsonb, 'full 1', 'page 3', timestamptz '2030-01-01', 7, 'host' from one as o$$,
  'a fetch is a retry item'
);
select is((select e.id from backlog.enqueue_fetch('p', '{"page": 3}', p_dedupe_key => 'page 3', p_channel_name => 'host') as e), (select o.id from one as o), 'asked for once');
select isnt((select e.id from backlog.enqueue_fetch('p') as e), (select o.id from one as o), 'unless without a key');
select throws_ok($$select backlog.enqueue_fetch('q')$$, 'PB101', null, 'an unknown pipeline');
select throws_ok($$select backlog.enqueue_fetch('p', p_priority => 11)$$, 'PB003', null, 'a priority out of range');
select throws_ok($$select backlog.enqueue_fetch(null)$$, 'PB101', null, 'no pipeline');

select * from finish();
rollback;
