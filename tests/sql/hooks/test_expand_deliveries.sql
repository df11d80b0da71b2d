begin;
select plan(9);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.create_pipeline('orders');
select backlog.register_hook('each', p_mode => 'individual');
select backlog.save_checkpoint('orders', (select jsonb_agg(jsonb_build_object('n', n) order by n) from generate_series(1, 2100) as n));
create temp table taken as select * from backlog.acquire_retry_items('w');
select is(backlog.expand_deliveries(t.id, t.lock_token), true, 'a part is made') from taken as t;
select is((select count(*) from backlog.retry_items as i where i.event_type = 'hook.each'), 1000::bigint, 'of about a thousand');
select is((select count(*) from backlog.retry_items as i where i.event_type = 'hook.expand'), 1::bigint, 'the rest is left to another item');
select throws_ok(format('select backlog.expand_deliveries(%s, %s)', t.id, t.lock_token), 'PB002', null, 'it is done once') from taken as t;
select backlog.enqueue_retry_item('mail');
select throws_ok(format('select backlog.expand_deliveries(%s, %s)', i.id, 1), 'PB001', null, 'another item is none of its business')
from backlog.retry_items as i where i.event_type = 'mail';
select throws_ok(format('select backlog.expand_deliveries(%s, %s)', i.id, 1), 'PB001', null, 'nor is one that it does not hold')
from backlog.retry_items as i where i.event_type = 'hook.expand';
select is((select count(*) from backlog.retry_items as i where i.event_type = 'hook.each'), 1000::bigint, 'and nothing is made');

-- A delivery that is held can be read
create temp table held as select * from backlog.acquire_retry_items('w', 1, 300, '{hook.each}');
select results_eq($$select d.hook, d.language, d.event_data = h.event_data, d.ordered from held as h cross join lateral backlog.read_delivery(h.id, h.lock_token) as d$$,
  $$values ('each', 'python', true, false)$$, 'by who holds it');
select throws_ok(format('select backlog.read_delivery(%s, 0)', h.id), 'PB001', null, 'and nobody else') from held as h;

select * from finish();
rollback;
