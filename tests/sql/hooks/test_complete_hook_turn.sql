begin;
select plan(20);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.create_pipeline('orders');
select backlog.register_hook('seq', p_mode => 'individual', p_order_key => 'key');
create function pg_temp.take(p_batch int = 10) returns table (id bigint, token bigint, key text, n int) language sql as $$
  select a.id, a.lock_token, a.event_data -> 'record' ->> 'key', (a.event_data -> 'record' -> 'n')::int
  from backlog.acquire_retry_items('w', p_batch, 3600, '{hook.seq}') as a order by 3, 4
$$;
create function pg_temp.call() returns bigint language sql as $$
  select count(backlog.expand_deliveries(a.id, a.lock_token)) from backlog.acquire_retry_items('w', 10, 300, '{hook.expand}') as a
$$;

select backlog.save_checkpoint('orders', '[{"key": "a", "n": 1}, {"key": "b", "n": 1}, {"key": "a", "n": 2}, {"n": 9}]');
select backlog.save_checkpoint('orders', '[{"key": "a", "n": 3}]');
select is_empty('select * from pg_temp.take()', 'nobody is called before the writer has committed');
select is((select h.pending from backlog.hooks as h), 5::bigint, 'all of them wait');
select is(pg_temp.call(), 2::bigint, 'then the first of each key are called');
create temp table one as select * from pg_temp.take();
select results_eq('select o.key, o.n from one as o', $$values ('a', 1), ('b', 1), (null, 9)$$, 'one of each key; records without it share one');
select is_empty('select * from pg_temp.take()', 'the others wait for them');
select is((select i.event_data -> 'ordered' from backlog.retry_items as i limit 1), 'true'::jsonb, 'the delivery says that it is ordered');

select backlog.complete_hook_turn(o.id, 'w', o.token) from one as o where o.key = 'a';
create temp table two as select * from pg_temp.take();
select results_eq('select t.key, t.n from two as t', $$values ('a', 2)$$, 'done, the next of its key is due');
select throws_ok(format('select backlog.complete_hook_turn(%s, %L, %s)', o.id, 'w', o.token), 'PB002', null, 'a turn ends once') from one as o where o.key = 'a';

-- A failing delivery blocks its key, and no other
select backlog.fail_retry_item(t.id, 'w', 'not now', p_lock_token => t.token) from two as t;
select backlog.complete_hook_turn(o.id, 'w', o.token) from one as o where o.key = 'b';
select backlog.save_checkpoint('orders', '[{"key": "b", "n": 2}]');
select pg_temp.call();
create temp table three as select * from pg_temp.take();
select results_eq('select t.key, t.n from three as t', $$values ('b', 2)$$, 'another key goes on');
set local test.now = '2030-01-01 12:10:00+00';
create temp table four as select * from pg_temp.take();
select results_eq('select f.key, f.n from four as f', $$values ('a', 2)$$, 'the failed one comes back first');

-- until it is a dead letter
select backlog.set_failure_rule('never', 'dead_letter', 'Never');
select backlog.fail_retry_item(f.id, 'w', 'never', 'Never', f.token) from four as f;
create temp table five as select * from pg_temp.take();
select results_eq('select f.key, f.n from five as f', $$values ('a', 3)$$, 'dead, it lets the next one by');
select is((select count(*) from backlog.dead_letters), 1::bigint, 'and waits for a person');
-- Later than what was claimed last: at the same moment it would be an item that committed late, for others to find.
set local test.now = '2030-01-01 12:10:01+00';
select backlog.redrive_dead_letters();
select results_eq('select t.key, t.n from pg_temp.take() as t', $$values ('a', 2)$$, 'redriven, it is late and on its own');

-- or cancelled
select backlog.save_checkpoint('orders', '[{"key": "a", "n": 4}]');
select pg_temp.call();
select is_empty($$select * from pg_temp.take()$$, 'the head is at work');
select backlog.cancel_retry_item(f.id, 'enough') from five as f;
create temp table six as select * from pg_temp.take();
select results_eq('select s.key, s.n from six as s', $$values ('a', 4)$$, 'a cancelled one lets the next one by');

-- The tick finds what was forgotten
select backlog.save_checkpoint('orders', '[{"key": "a", "n": 5}]');
select pg_temp.call();
select backlog.complete_retry_item(s.id, 'w', s.token) from six as s;
select is_empty($$select * from pg_temp.take()$$, 'completed without its turn');
select is(backlog_internal.repair_turns(100), 1::bigint, 'a key is repaired');
select results_eq('select t.key, t.n from pg_temp.take() as t', $$values ('a', 5)$$, 'and goes on');

select results_eq($$select h.key from backlog_internal.hook_head as h order by 1$$, $$values (''), ('a'), ('b')$$, 'heads are those at work');
select backlog.drop_hook('seq');
select is((select count(*) from backlog_internal.hook_head) + (select count(*) from backlog_internal.hook_turn), 0::bigint, 'a hook that is dropped leaves nothing');

select * from finish();
rollback;
