begin;
select plan(29);
set local test.now = '2030-01-01 12:00:00+00';

-- A whole batch as it was acquired
select count(*) from backlog.enqueue_retry_items((select jsonb_agg(jsonb_build_object('event_type', 'mail')) from generate_series(1, 20)));
set local test.now = '2030-01-01 12:00:01+00';
create temp table batch as select * from backlog.acquire_retry_items('w', 5);
select results_eq(
  $$select c.id, c.outcome from backlog.complete_retry_items(
      array(select b.id from batch as b), array(select b.lock_token from batch as b)) as c$$,
  $$select b.id, 'completed' from batch as b$$, 'a batch is completed in one call'
);
select is((select count(*) from backlog.retry_items), 15::bigint, 'its items are gone');
select is_empty('select from backlog_internal.retry_lease', 'and its lease');

-- A part of a batch, in another order
drop table batch;
create temp table batch as select * from backlog.acquire_retry_items('w', 5);
select results_eq(
  $$select c.outcome from backlog.complete_retry_items(
      array(select b.id from batch as b order by b.id desc limit 3), array(select b.lock_token from batch as b limit 3)) as c$$,
  $$values ('completed'), ('completed'), ('completed')$$, 'a part of a batch, backwards'
);
select is((select sum(cardinality(s.ids)) from backlog_internal.retry_lease as s), 2::bigint, 'the rest stays under its lease');

-- Two batches in one call
drop table batch;
create temp table batch as
select * from backlog.acquire_retry_items('w', 3) union all select * from backlog.acquire_retry_items('v', 3);
select is((select count(distinct b.lock_token) from batch as b), 2::bigint, 'two batches');
select is(
  (select count(*) from backlog.complete_retry_items(
    array(select b.id from batch as b order by b.id desc), array(select b.lock_token from batch as b order by b.id desc)) as c
    where c.outcome = 'completed'),
  6::bigint, 'are completed in one call'
);
-- A batch over several lanes and priorities
select count(*) from backlog.enqueue_retry_items((select jsonb_agg(jsonb_build_object(
  'event_type', 'wide', 'channel_name', 'c' || n % 3, 'priority', 1 + n % 2)) from generate_series(1, 12) as n));
set local test.now = '2030-01-01 12:00:02+00';
drop table batch;
create temp table batch as select * from backlog.acquire_retry_items('w', 12, 300, '{wide}');
select is(
  (select count(*) from backlog.complete_retry_items(
    array(select b.id from batch as b), array(select b.lock_token from batch as b)) as c where c.outcome = 'completed'),
  12::bigint, 'a batch over lanes and priorities'
);
select is_empty($$select from backlog.retry_items as i where i.event_type = 'wide'$$, 'all of them are gone');


-- One lane of a batch whole, of another only a part; whole and single items leave the same history
select backlog.set_retry_policy('kept', p_keep_event_data => true);
select count(*) from backlog.enqueue_retry_items((select jsonb_agg(jsonb_build_object(
  'event_type', 'kept', 'channel_name', 'c' || n / 3, 'event_data', jsonb_build_object('n', n), 'plugin_name', 'p',
  'correlation_id', 'c', 'priority', 7)) from generate_series(0, 5) as n));
set local test.now = '2030-01-01 12:00:02.5+00';
drop table batch;
create temp table batch as select * from backlog.acquire_retry_items('w', 6, 300, '{kept}');
select is((select count(*) from backlog_internal.retry_lease as s where s.token in (select b.lock_token from batch as b)),
  2::bigint, 'a batch with two leases');
select results_eq(
  $$select c.outcome, count(*) from backlog.complete_retry_items(
      array(select b.id from batch as b where b.event_data <> '{"n": 5}' order by b.id),
      array(select b.lock_token from batch as b where b.event_data <> '{"n": 5}')) as c group by c.outcome$$,
  $$values ('completed', 5::bigint)$$, 'one is completed whole, of the other a part'
);
select results_eq(
  $$select i.event_data from backlog.retry_items as i where i.event_type = 'kept'$$, $$values ('{"n": 5}'::jsonb)$$,
  'the rest is still there'
);
select is(
  (select count(distinct (to_jsonb(h) - 'id' - 'event_id' - 'channel_name' - 'event_data')) from backlog.retry_history as h
    where h.event_type = 'kept'), 1::bigint, 'the history does not tell how an item was completed'
);
select results_eq(
  $$select h.event_data from backlog.retry_history as h where h.event_type = 'kept' order by h.event_data$$,
  $$select jsonb_build_object('n', n) from generate_series(0, 4) as n$$, 'and keeps what was asked for'
);

-- Stale ones
create temp table last as select * from backlog.acquire_retry_items('w', 3);
create temp table counted as select count(*) as items from backlog.retry_items;
select throws_ok(
  $$select * from backlog.complete_retry_items(array(select l.id from last as l), array_fill(0::bigint, array[3]))$$,
  'PB001', null, 'one wrong token undoes the call'
);
select throws_ok(
  $$select * from backlog.complete_retry_items(array(select l.id from last as l) || -1::bigint,
      array(select l.lock_token from last as l) || 1::bigint)$$,
  'PB002', 'there is no live retry item -1', 'so does an unknown id'
);
select is((select count(*) from backlog.retry_items), (select c.items from counted as c), 'nothing was completed');
select is((select sum(cardinality(s.ids)) from backlog_internal.retry_lease as s where s.token = (select max(l.lock_token) from last as l)),
  3::bigint, 'and nothing left its lease');
select results_eq(
  $$select c.id, c.outcome from backlog.complete_retry_items(
      array[-1] || array(select l.id from last as l order by l.id),
      array[1] || array(select l.lock_token from last as l), 'skip') as c$$,
  $$select * from (values (-1::bigint, 'stale')) as v union all (select l.id, 'completed' from last as l order by l.id)$$,
  'skip completes what it can and names the stale ones, by position'
);

-- Twice in one call
select backlog.enqueue_retry_item('mail') from generate_series(1, 5);
set local test.now = '2030-01-01 12:00:03+00';
drop table last;
create temp table last as select * from backlog.acquire_retry_items('w', 2);
select results_eq(
  $$select c.outcome from last as l, backlog.complete_retry_items(array[l.id, l.id], array[l.lock_token, l.lock_token]) as c
    where l.id = (select min(x.id) from last as x)$$,
  $$values ('completed'), ('completed')$$, 'an id may be named twice'
);
select is((select count(*) from backlog.retry_history as h where h.id = (select min(l.id) from last as l)), 1::bigint, 'and is completed once');

select is_empty($$select * from backlog.complete_retry_items('{}', '{}')$$, 'an empty call does nothing');
select throws_ok($$select * from backlog.complete_retry_items(null, '{1}')$$, 'PB003', null, 'null ids');
select throws_ok($$select * from backlog.complete_retry_items('{1}', null)$$, 'PB003', null, 'null tokens');
select throws_ok($$select * from backlog.complete_retry_items('{1,2}', '{1}')$$, 'PB003',
  'ids and lock tokens must be arrays of the same length, without null ids', 'arrays of different lengths');
select throws_ok($$select * from backlog.complete_retry_items('{null}', '{1}')$$, 'PB003', null, 'a null id');
select throws_ok($$select * from backlog.complete_retry_items('{1}', '{1}', 'ignore')$$, 'PB003',
  'on_stale must be raise or skip, not ignore', 'an unknown way with stale ones');
select is((select count(*) from last), 2::bigint, 'two were taken');
select throws_ok(
  format('select * from backlog.complete_retry_items(array[%s], array[%s], %L)', max(l.id), max(l.lock_token), 'ignore'),
  'PB003', null, 'also for a whole batch'
) from last as l;

select * from finish();
rollback;
