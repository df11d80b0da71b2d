begin;
select plan(6);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.create_pipeline('orders');
-- Without partitions of their days they lie in the one for all others.
select backlog.save_checkpoint('orders') from generate_series(1, 5);
select backlog.register_hook('each', p_mode => 'individual');
select backlog.save_checkpoint('orders', (select jsonb_agg(n) from generate_series(1, 200) as n));

set local test.now = '2030-01-15 11:00:00+00';
select is(backlog_internal.drop_old_events(100), 0::bigint, 'before their time they stay');
set local test.now = '2030-01-15 13:00:00+00';
select is(backlog_internal.drop_old_events(2), 0::bigint, 'a delivery that is still to be made keeps what is as old as it');
create temp table task as select a.id, a.lock_token from backlog.acquire_retry_items('w', 10, 300, '{hook.expand}') as a;
select is(backlog_internal.drop_old_events(2), 0::bigint, 'also while somebody makes it');
select backlog.expand_deliveries(t.id, t.lock_token) from task as t;
select is(backlog_internal.drop_old_events(2), 2::bigint, 'then no more go than asked for');
select is(backlog_internal.drop_old_events(100), 4::bigint, 'the others later');
select is((select count(*) from backlog_internal.event), 0::bigint, 'none is left');

select * from finish();
rollback;
