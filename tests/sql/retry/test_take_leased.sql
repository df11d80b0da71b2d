begin;
select plan(7);
set local test.now = '2030-01-01 12:00:00+00';

select count(*) from backlog.enqueue_retry_items((select jsonb_agg(jsonb_build_object('event_type', 'mail', 'channel_name', 'c' || n % 2)) from generate_series(1, 6) as n));
set local test.now = '2030-01-01 12:00:01+00';
create temp table taken as
select row_number() over (order by t.id) as n, t.* from (
  select * from backlog.acquire_retry_items('v', 3) union all select * from backlog.acquire_retry_items('w', 3)) as t;

select is_empty($$select * from backlog_internal.take_leased('{}', '{}')$$, 'nothing asked, nothing taken');
select is_empty($$select * from backlog_internal.take_leased(array(select t.id from taken as t), array_fill(0::bigint, array[6]))$$, 'not with another token');
select is_empty(
  $$select * from backlog_internal.take_leased(array(select t.id from taken as t order by t.lock_token, t.id), array(select t.lock_token from taken as t order by t.lock_token desc, t.id))$$,
  'nor with the token of another batch in the same call'
);
select bag_eq(
  $$select l.id, l.token, l.worker_id from backlog_internal.take_leased(array(select t.id from taken as t where t.n in (1, 4, 6)), array(select t.lock_token from taken as t where t.n in (1, 4, 6))) as l$$,
  $$select t.id, t.lock_token, s.worker_id from taken as t, (select distinct s.token, s.worker_id from backlog_internal.retry_lease as s) as s where s.token = t.lock_token and t.n in (1, 4, 6)$$,
  'items of several leases, each with its lease'
);
select bag_eq($$select u.id from backlog_internal.retry_lease as s, unnest(s.ids) as u (id)$$, $$select t.id from taken as t where t.n not in (1, 4, 6)$$, 'the rest stays');
select is((select count(*) from backlog_internal.take_leased(array(select t.id from taken as t), array(select t.lock_token from taken as t))), 3::bigint, 'what is left');
select is_empty('select from backlog_internal.retry_lease', 'an empty lease goes');

select * from finish();
rollback;
