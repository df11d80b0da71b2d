begin;
select plan(21);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.set_retry_policy('mail', p_jitter => 0);

select count(*) from backlog.enqueue_retry_items((select jsonb_agg(jsonb_build_object(
  'event_type', 'mail', 'channel_name', 'c' || n % 2)) from generate_series(1, 6) as n));
set local test.now = '2030-01-01 12:00:01+00';
create temp table taken as
select row_number() over (order by t.id) as n, t.* from backlog.acquire_retry_items('w') as t;
select results_eq(
  $$select t.n, f.outcome, f.run_at
    from backlog.fail_retry_items(
      array(select t.id from taken as t where t.n <= 4 order by t.n), array(select t.lock_token from taken as t where t.n <= 4 order by t.n),
      '{a,b,c,d}', '{08006,22P02,429,null}', '{null,null,30,null}') as f
    join taken as t on t.id = f.id order by 1$$,
  $$values (1::bigint, 'retry', '2030-01-01 12:01:01+00'::timestamptz), (2, 'dead_letter', null),
      (3, 'retry', '2030-01-01 12:00:31+00'), (4, 'retry', '2030-01-01 12:01:01+00')$$,
  'each by its own code: retry, dead letter, later'
);
select results_eq(
  $$select t.n, i.status, i.retry_count, i.last_error from backlog.retry_items as i join taken as t on t.id = i.id order by 1$$,
  $$values (1::bigint, 'pending', 1, 'a'), (3, 'pending', 0, 'c'), (4, 'pending', 1, 'd'), (5, 'processing', 0, null), (6, 'processing', 0, null)$$,
  'each keeps its own error; the rest of the batch stays under lease'
);
select results_eq(
  $$select t.n, d.reason, d.error from backlog.dead_letters as d join taken as t on t.id = d.id$$,
  $$values (2::bigint, 'permanent_error', 'b')$$, 'the permanent one is dead'
);

-- Stale ones
select throws_ok(
  $$select * from backlog.fail_retry_items(array(select t.id from taken as t where t.n in (1, 5)),
      array(select t.lock_token from taken as t where t.n in (1, 5)), '{x,y}')$$,
  'PB001', null, 'one lost lease undoes the call'
);
select throws_ok(
  $$select * from backlog.fail_retry_items(array(select t.id from taken as t where t.n in (2, 5)),
      array(select t.lock_token from taken as t where t.n in (2, 5)), '{x,y}')$$,
  'PB002', null, 'so does an item that no longer lives'
);
select is((select i.status from backlog.retry_items as i join taken as t on t.id = i.id and t.n = 5), 'processing', 'nothing was changed');
select results_eq(
  $$select t.n, f.outcome, f.run_at from backlog.fail_retry_items(
      array(select t.id from taken as t where t.n in (5, 1) order by t.n desc),
      array(select t.lock_token from taken as t where t.n in (5, 1)), '{y,x}', p_on_stale => 'skip')
      with ordinality as f (id, outcome, run_at, place) join taken as t on t.id = f.id order by f.place$$,
  $$values (5::bigint, 'retry', '2030-01-01 12:01:01+00'::timestamptz), (1, 'stale', null)$$, 'skip reports the stale ones, by position'
);

-- The same item twice
select results_eq(
  $$select f.outcome from taken as t, backlog.fail_retry_items(array[t.id, t.id], array[t.lock_token, t.lock_token], '{first,second}') as f
    where t.n = 6$$,
  $$values ('retry'), ('retry')$$, 'an id may be named twice'
);
select is((select i.retry_count from backlog.retry_items as i join taken as t on t.id = i.id and t.n = 6), 1, 'and fails once');
select is((select count(*) from backlog_internal.retry_ready as r join taken as t on t.id = r.id and t.n = 6), 1::bigint, 'and waits once');
set local test.now = '2030-01-01 12:10:00+00';
create temp table again as select * from backlog.acquire_retry_items('v', 1);
select results_eq(
  $$select f.outcome from again as a, backlog.fail_retry_items(array[a.id, a.id], array[a.lock_token - 1, a.lock_token], '{stale,good}', p_on_stale => 'skip') as f$$,
  $$values ('stale'), ('retry')$$, 'with a stale and a good token, each gets its own answer'
);
select is((select i.last_error from backlog.retry_items as i join again as a on a.id = i.id), 'good', 'and the error of the good one counts');

-- Refusals
select is_empty($$select * from backlog.fail_retry_items('{}', '{}', '{}')$$, 'an empty call does nothing');
select throws_ok($$select * from backlog.fail_retry_items('{1}', '{1}', null)$$, 'PB003', null, 'null errors');
select throws_ok($$select * from backlog.fail_retry_items('{1}', '{1}', '{a,b}')$$, 'PB003', null, 'too many errors');
select throws_ok($$select * from backlog.fail_retry_items('{1}', '{1}', '{a}', '{x,y}')$$, 'PB003', null, 'too many codes');
select throws_ok($$select * from backlog.fail_retry_items('{1}', '{1}', '{a}', null, '{1,2}')$$, 'PB003', null, 'too many retry-afters');
select throws_ok($$select * from backlog.fail_retry_items('{1}', '{1}', '{a}', null, '{-1}')$$, 'PB003', null, 'a negative retry-after');
select throws_ok($$select * from backlog.fail_retry_items('{1}', '{1,2}', '{a}')$$, 'PB003', null, 'tokens that do not fit');
select throws_ok($$select * from backlog.fail_retry_items(null, null, '{a}')$$, 'PB003', null, 'no ids');
select throws_ok($$select * from backlog.fail_retry_items('{1}', '{1}', '{a}', p_on_stale => 'no')$$, 'PB003', null, 'an unknown way with stale ones');

select * from finish();
rollback;
