begin;
select plan(5);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.set_retry_policy('mail', p_max_retries => 1);
select backlog.set_retry_policy('hook.audit', p_max_retries => 1);

select backlog.enqueue_retry_item('mail', '{"n": 1}', p_correlation_id => 'c');
select backlog.enqueue_retry_item('mail', '{"n": 2}');
select backlog.enqueue_retry_item('hook.audit', '{"n": 3}');
create temp table taken as select * from backlog.acquire_retry_items('w');

select backlog.fail_retry_item(t.id, 'w', 'gone', 'PermanentError') from taken as t where t.event_data @> '{"n": 1}';
select results_eq(
  $$select i.source, i.pipeline, i.record, i.error, i.error_code, i.state from backlog.incidents as i$$,
  $$values ('dead_letter', null::text, '{"n": 1}'::jsonb, 'gone', 'PermanentError', 'open')$$,
  'an item that becomes a dead letter opens an incident'
);
select is(
  (select count(*) from backlog_internal.event as e where e.kind = 'incident' and e.correlation_id = 'c'), 1::bigint,
  'and an event for the hooks, with the item''s correlation id'
);

select backlog.fail_retry_item(t.id, 'w', 'try again', 'RetryLater', p_retry_after => 5)
from taken as t where t.event_data @> '{"n": 2}';
select is((select count(*) from backlog.incidents), 1::bigint, 'a failure that is retried opens none');

select backlog.fail_retry_item(t.id, 'w', 'gone', 'PermanentError') from taken as t where t.event_data @> '{"n": 3}';
select is((select count(*) from backlog.dead_letters), 2::bigint, 'a delivery that fails for good is a dead letter');
select is((select count(*) from backlog.incidents), 1::bigint, 'but no incident: hooks would call hooks for ever');
select * from finish();
rollback;
