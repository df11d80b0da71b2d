begin;
select plan(12);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.set_retry_policy('*', p_max_retries => 0);

select backlog.enqueue_retry_item('mail', p_channel_name => c, p_dedupe_key => 'k') from unnest('{a,b,c}'::text[]) as c;
set local test.now = '2030-01-01 12:00:01+00';
select backlog.fail_retry_item(t.id, 'w', 'no ' || t.channel_name, 'X', t.lock_token) from backlog.acquire_retry_items('w') as t;
create temp table dead as select * from backlog.dead_letters;
set local test.now = '2030-01-01 12:00:02+00';
select results_eq(
  $$select x.id, x.event_type, x.channel_name, x.outcome from backlog.discard_dead_letters('{"channel_name": "b"}', p_dry_run => true) as x$$,
  $$select d.id, 'mail', 'b', 'discarded' from dead as d where d.channel_name = 'b'$$, 'a dry run tells what would go'
);
select is((select count(*) from backlog.dead_letters), 3::bigint, 'and changes nothing');
select is((select count(*) from backlog.discard_dead_letters('{"channel_name": "b"}', p_reason => 'obsolete')), 1::bigint, 'one goes');
select results_eq(
  $$select h.id, h.outcome, h.error, h.error_code, h.finished_at from backlog.retry_history as h where h.outcome = 'discarded'$$,
  $$select d.id, 'discarded', 'obsolete', 'X', '2030-01-01 12:00:02+00'::timestamptz from dead as d where d.channel_name = 'b'$$, 'the history has the reason'
);
select is((select count(*) from backlog.discard_dead_letters('{}', 1)), 1::bigint, 'no more than the limit');
select is((select h.error from backlog.retry_history as h where h.outcome = 'discarded' and h.id = (select min(d.id) from dead as d)), 'no a',
  'without a reason the history keeps the error');
select is((select array_agg(d.channel_name) from backlog.dead_letters as d), array['c'], 'the rest stays');
select throws_ok('select * from backlog.discard_dead_letters(null)', 'PB003', null, 'no filter');
select throws_ok($$select * from backlog.discard_dead_letters('{"x": 1}')$$, 'PB003', 'unknown filter key x', 'an unknown key');
select throws_ok($$select * from backlog.discard_dead_letters('{}', 0)$$, 'PB003', null, 'a limit of nothing');
select throws_ok($$select * from backlog.discard_dead_letters('{}', 1, null)$$, 'PB003', null, 'neither dry nor wet');
select is((select count(*) from backlog.dead_letters), 1::bigint, 'nothing was changed');

select * from finish();
rollback;
