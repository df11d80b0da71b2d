begin;
select plan(8);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.create_pipeline('orders');
select backlog.register_hook('note', 'incident', p_max_retries => 0);
select backlog.set_critical_rule('vip', $$(record ->> 'vip')::boolean$$);

select backlog.enqueue_retry_item('fetch.orders', '{"page": 1, "vip": true}', p_max_retries => 0, p_correlation_id => 'run-1');
select backlog.enqueue_retry_item('mail', '{"to": "a"}', p_max_retries => 0);
select backlog.fail_retry_item(a.id, 'w', 'gone', '404') from backlog.acquire_retry_items('w') as a;
select bag_eq(
  $$select i.pipeline, i.record, i.error, i.error_code, i.attempt, i.correlation_id, i.critical from backlog.incidents as i$$,
  $$values ('orders', '{"page": 1, "vip": true}'::jsonb, 'gone', '404', 1, 'run-1', true), (null, '{"to": "a"}', 'gone', '404', 1, null, false)$$,
  'every dead letter is an incident; a fetch belongs to its pipeline'
);
select bag_eq(
  $$select i.event_data ->> 'pipeline', i.event_data -> 'records', i.event_data -> 'metadata' ->> 'event_type' from backlog.retry_items as i$$,
  $$values ('orders', '[{"page": 1, "vip": true}]'::jsonb, 'fetch.orders'), (null, '[{"to": "a"}]', 'mail')$$, 'and the hook is called'
);
select results_eq('select f.pipeline, f.failures from backlog.failure_stats as f', $$values ('orders', 1::bigint)$$, 'pipelines count theirs');
select is((select count(*) from backlog_internal.event as e where e.kind = 'alert'), 1::bigint, 'one was critical');

-- No loops
select backlog.fail_retry_item(a.id, 'w', 'hook is broken', 'X') from backlog.acquire_retry_items('w') as a;
select is((select count(*) from backlog.dead_letters as d where d.event_type = 'hook.note'), 2::bigint, 'deliveries die as well');
select is((select count(*) from backlog.incidents), 2::bigint, 'but that is no incident');
select is((select count(*) from backlog_internal.event as e where e.kind = 'incident'), 2::bigint, 'and calls nobody');
select is((select h.dead_letters from backlog.hooks as h), 2::bigint, 'the hook shows them');

select * from finish();
rollback;
