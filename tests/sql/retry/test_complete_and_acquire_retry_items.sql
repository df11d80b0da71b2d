begin;
select plan(14);
set local test.now = '2030-01-01 12:00:00+00';

select count(*) from backlog.enqueue_retry_items((select jsonb_agg(jsonb_build_object('event_type', 'mail')) from generate_series(1, 10)));
select backlog.enqueue_retry_item('post', p_priority => 1);
set local test.now = '2030-01-01 12:00:01+00';
create temp table one as select * from backlog.complete_and_acquire_retry_items(null, 'w', 4, 60);
select is((select count(*) from one), 4::bigint, 'without a token it only acquires');
select is((select max(o.leased_until) from one as o), '2030-01-01 12:01:01+00', 'under a lease of its own length');
create temp table two as
select * from backlog.complete_and_acquire_retry_items((select max(o.lock_token) from one as o), 'w', 4);
select is((select count(*) from two), 4::bigint, 'with a token the next batch comes');
select is((select count(*) from backlog.retry_history as h join one as o on o.id = h.id where h.outcome = 'completed'), 4::bigint,
  'and the last one is completed');
select is((select count(*) from one join two using (id)), 0::bigint, 'with other items');

-- What failed is reported first; the rest is completed
select backlog.fail_retry_item(min(t.id), 'w', 'no', null, min(t.lock_token)) from two as t;
create temp table three as
select * from backlog.complete_and_acquire_retry_items((select max(t.lock_token) from two as t), 'w', 10, 300, '{mail}');
select is((select count(*) from backlog.retry_history as h join two as t on t.id = h.id where h.outcome = 'completed'), 3::bigint,
  'what was reported before is left out');
select results_eq('select t.event_type, count(*) from three as t group by 1', $$values ('mail', 2::bigint)$$, 'event types restrict the claim');

-- Stale
select throws_like(
  format('select * from backlog.complete_and_acquire_retry_items(%s, %L)', max(o.lock_token), 'w'), 'PB001',
  'nothing is under lock token % any more', 'a token is good once'
) from one as o;
select is((select i.status from backlog.retry_items as i where i.event_type = 'post'), 'pending', 'then nothing is acquired');
select throws_ok(
  format('select * from backlog.complete_and_acquire_retry_items(%s, %L, 0)', max(t.lock_token), 'w'), 'PB003', null,
  'a wrong argument'
) from three as t;
select is((select count(*) from backlog.retry_items as i join three as t on t.id = i.id), 2::bigint, 'completes nothing');
-- A batch over two lanes ends as one
select backlog.enqueue_retry_item('mail', p_channel_name => 'x');
set local test.now = '2030-01-01 12:00:02+00';
create temp table four as
select * from backlog.complete_and_acquire_retry_items((select max(t.lock_token) from three as t), 'w', 10);
select is((select count(distinct f.event_type || f.channel_name) from four as f), 2::bigint, 'a batch over two lanes');
select is_empty(
  format('select * from backlog.complete_and_acquire_retry_items(%s, %L)', max(f.lock_token), 'w'), 'the queue runs dry'
) from four as f;
select is((select count(*) from backlog.retry_items), 1::bigint, 'only the failed item is left');

select * from finish();
rollback;
