begin;
select plan(10);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.set_retry_policy('mail', p_jitter => 0, p_max_retries => 2, p_retry_delay_seconds => 10);
select backlog.set_failure_rule('later', 'retry_later', 'LATER', p_delay_seconds => 33);
select backlog.set_failure_rule('counted', 'retry', 'COUNTED', p_delay_seconds => 44);
select backlog.enqueue_retry_item('mail');

-- One verdict by (attempts so far, code, retry_after)
create function pg_temp.verdict(p_count int, p_code text, p_after int)
  returns table (action text, dead_reason text, retry_count int, pause interval)
  language plpgsql
as $$
declare
  v_item backlog_internal.retry_item;
  v_verdict backlog_internal.failure_verdict;
begin
  select i.* into v_item from backlog_internal.retry_item as i;
  v_item.retry_count := p_count;
  v_verdict := backlog_internal.judge_item(
    v_item, row(v_item.id, v_item.lane_id, null, 1, 'w', null)::backlog_internal.leased_item,
    row(v_item.id, 'text', p_code, p_after)::backlog_internal.failure, backlog_internal.clock()
  );
  return query select v_verdict.action, v_verdict.dead_reason, v_verdict.retry_count,
    v_verdict.run_at - backlog_internal.clock();
end;
$$;

select results_eq($$select * from pg_temp.verdict(0, null, null)$$, $$values ('retry', null::text, 1, '10 seconds'::interval)$$, 'an ordinary failure counts');
select results_eq($$select v.dead_reason, v.retry_count from pg_temp.verdict(1, null, null) as v$$, $$values ('retries_exhausted', 2)$$, 'the last one is the end');
select results_eq($$select v.dead_reason, v.retry_count from pg_temp.verdict(0, '22012', null) as v$$, $$values ('permanent_error', 1)$$, 'a permanent error at once');
select results_eq($$select * from pg_temp.verdict(0, '429', null)$$, $$values ('retry_later', null::text, 0, '10 seconds'::interval)$$, 'retry_later does not count');
select results_eq($$select * from pg_temp.verdict(1, '429', 5)$$, $$values ('retry_later', null::text, 1, '5 seconds'::interval)$$, 'and never is the end');
select results_eq($$select * from pg_temp.verdict(1, '401', null)$$, $$values ('trip', null::text, 1, '10 seconds'::interval)$$, 'nor is trip');
select results_eq($$select * from pg_temp.verdict(0, 'LATER', null)$$, $$values ('retry_later', null::text, 0, '33 seconds'::interval)$$, 'the pause of the rule');
select results_eq($$select * from pg_temp.verdict(0, 'LATER', 7)$$, $$values ('retry_later', null::text, 0, '7 seconds'::interval)$$, 'retry_after goes before it');
select results_eq($$select * from pg_temp.verdict(0, 'COUNTED', null)$$, $$values ('retry', null::text, 1, '44 seconds'::interval)$$, 'also when it counts');
select results_eq($$select * from pg_temp.verdict(0, 'lease_expired', null)$$, $$values ('retry', null::text, 1, '0 seconds'::interval)$$, 'a lost lease costs an attempt but no pause');

select * from finish();
rollback;
