begin;
select plan(20);
set local test.now = '2030-01-01 12:00:00+00';

-- Failures within the window open it
select backlog.set_retry_policy('api', p_breaker_threshold => 3, p_breaker_window_seconds => 60, p_breaker_cooldown_seconds => 100,
  p_breaker_probes => 2, p_max_retries => 50, p_retry_delay_seconds => 1, p_backoff_kind => 'fixed', p_jitter => 0);
select backlog.enqueue_retry_item('api') from generate_series(1, 20);
select is_empty($$select * from backlog.circuit_breakers as b where b.state <> 'closed'$$, 'a breaker begins closed');

create function pg_temp.fail_one(p_code text = null) returns void language sql as $$
  select backlog.fail_retry_item(t.id, 'w', 'broken', p_code, t.lock_token) from backlog.acquire_retry_items('w', 1) as t;
$$;
create function pg_temp.complete_one() returns void language sql as $$
  select backlog.complete_retry_item(t.id, 'w', t.lock_token) from backlog.acquire_retry_items('w', 1) as t;
$$;
set local test.now = '2030-01-01 12:00:01+00';
select pg_temp.fail_one();
select pg_temp.fail_one();
select results_eq($$select b.state, b.failures, b.first_failure_at from backlog.circuit_breakers as b$$,
  $$values ('closed', 2, '2030-01-01 12:00:01+00'::timestamptz)$$, 'failures are counted');
select pg_temp.complete_one();
select is((select b.failures from backlog.circuit_breakers as b), 0, 'a success forgets them');
select pg_temp.fail_one();
select pg_temp.fail_one();
set local test.now = '2030-01-01 12:01:02+00';
select pg_temp.fail_one();
select results_eq($$select b.state, b.failures from backlog.circuit_breakers as b$$, $$values ('closed', 1)$$, 'old failures do not count');
select pg_temp.fail_one('429');
select pg_temp.fail_one('22012');
select is((select b.failures from backlog.circuit_breakers as b), 1, 'nor what is not the target''s fault: asked to come back, bad data');

-- A batch in flight when it opens
create temp table flying as select * from backlog.acquire_retry_items('w', 3);
select pg_temp.fail_one();
set local test.now = '2030-01-01 12:01:10+00';
select pg_temp.fail_one();
select results_eq(
  $$select b.event_type, b.channel_name, b.state, b.changed_at, b.reopen_at, b.last_error from backlog.circuit_breakers as b$$,
  $$values ('api', null::text, 'open', '2030-01-01 12:01:10+00'::timestamptz, '2030-01-01 12:02:50+00'::timestamptz, 'broken')$$,
  'the third within the window opens it'
);
create temp table counts as select i.id, i.retry_count from backlog.retry_items as i;
set local test.now = '2030-01-01 12:02:49+00';
select is_empty($$select * from backlog.acquire_retry_items('v', 5)$$, 'open: nothing is claimed');
select is_empty($$select * from backlog.retry_items as i join counts as c using (id) where i.retry_count <> c.retry_count$$, 'no attempts are burnt');
select backlog.complete_retry_item(f.id, 'w', f.lock_token) from flying as f where f.id = (select min(g.id) from flying as g);
select is((select b.state from backlog.circuit_breakers as b), 'open', 'a success from before it opened does not close it');
select backlog.release_retry_item(f.id, 'w', f.lock_token) from flying as f where f.id <> (select min(g.id) from flying as g);

-- Half open: as many probes as the policy lets through
set local test.now = '2030-01-01 12:02:51+00';
create temp table probes as select * from backlog.acquire_retry_items('w', 10);
select is((select count(*) from probes), 2::bigint, 'half open: two probes');
select is_empty($$select * from backlog.acquire_retry_items('v', 10)$$, 'for all workers together');
select backlog.fail_retry_item(min(p.id), 'w', 'still broken', null, max(p.lock_token)) from probes as p;
select results_eq($$select b.state, b.reopen_at from backlog.circuit_breakers as b$$, $$values ('open', '2030-01-01 12:04:31+00'::timestamptz)$$,
  'a probe that fails opens it again');
select backlog.complete_retry_item(max(p.id), 'w', max(p.lock_token)) from probes as p;
set local test.now = '2030-01-01 12:04:31+00';
select pg_temp.complete_one();
select results_eq($$select b.state, b.failures, b.reopen_at from backlog.circuit_breakers as b$$, $$values ('closed', 0, null::timestamptz)$$,
  'a probe that succeeds closes it');
set local test.now = '2030-01-01 12:04:32+00';
select cmp_ok((select count(*) from backlog.acquire_retry_items('w', 10)), '>', 2::bigint, 'then all may pass');

-- Rule trip: at once, without counting
select backlog.enqueue_retry_item('auth');
set local test.now = '2030-01-01 12:04:33+00';
select backlog.fail_retry_item(t.id, 'w', 'token expired', '401', t.lock_token) from backlog.acquire_retry_items('w', 1, 300, '{auth}') as t;
select results_eq(
  $$select b.state, b.last_error, b.reopen_at from backlog.circuit_breakers as b where b.event_type = 'auth'$$,
  $$values ('open', 'token expired', '2030-01-01 12:05:33+00'::timestamptz)$$, 'a rule may trip it, with a policy or without'
);
select is((select i.retry_count from backlog.retry_items as i where i.event_type = 'auth'), 0, 'and the attempt does not count');

-- Per channel: one failing target does not stop the others
select backlog.set_retry_policy('hook', p_limit_scope => 'channel', p_breaker_threshold => 1, p_max_retries => 9);
select backlog.enqueue_retry_item('hook', p_channel_name => c) from unnest('{bad,good}'::text[]) as c, generate_series(1, 3);
set local test.now = '2030-01-01 12:04:34+00';
create temp table hooks as select * from backlog.acquire_retry_items('w', 2, 300, '{hook}');
select backlog.fail_retry_item(h.id, 'w', 'x', null, h.lock_token) from hooks as h where h.channel_name = 'bad';
select backlog.complete_retry_item(h.id, 'w', h.lock_token) from hooks as h where h.channel_name = 'good';
select results_eq($$select distinct t.channel_name from backlog.acquire_retry_items('w', 10, 300, '{hook}') as t$$, $$values ('good')$$,
  'per channel: the other channel goes on');
select results_eq($$select b.channel_name, b.state from backlog.circuit_breakers as b where b.event_type = 'hook' order by 1$$,
  $$values ('bad', 'open'), ('good', 'closed')$$, 'each has its own breaker');

-- A crash counts as a failure of the target
select backlog.set_retry_policy('poison', p_breaker_threshold => 1);
select backlog.enqueue_retry_item('poison');
set local test.now = '2030-01-01 12:04:35+00';
select is((select count(*) from backlog.acquire_retry_items('w', 1, 1, '{poison}')), 1::bigint, 'a worker takes a poison item');
set local test.now = '2030-01-01 12:04:37+00';
select backlog_internal.rescue_leases(100, backlog_internal.clock());
select is((select b.state from backlog.circuit_breakers as b where b.event_type = 'poison'), 'open', 'and a lease that runs out counts');

select * from finish();
rollback;
