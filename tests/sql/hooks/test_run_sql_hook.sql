begin;
select plan(7);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.create_pipeline('orders');
create schema app;
create table app.log (record jsonb);
create function app.f(p_event jsonb) returns text language sql as $$
  insert into app.log (record) values (p_event -> 'record') returning coalesce(p_event -> 'record' ->> 'reply', 'fine')
$$;
select backlog.register_sql_hook('f', 'app.f(jsonb)', p_mode => 'individual', p_order_key => 'k');
select backlog.register_hook('python');
select backlog.save_checkpoint('orders', '[{"k": 1}, {"k": 1, "reply": "stop: full"}]');
select is(backlog.run_sql_hook(a.id, a.lock_token), null, 'work left by writers is done as well') from backlog.acquire_retry_items('w', 1, 300, '{hook.expand}') as a;
select is(backlog.run_sql_hook(a.id, a.lock_token), 'fine', 'the reply is returned') from backlog.acquire_retry_items('w', 1, 300, '{hook.f}') as a;
select is(backlog.run_sql_hook(a.id, a.lock_token), 'stop: full', 'the next in order was called') from backlog.acquire_retry_items('w', 1, 300, '{hook.f}') as a;
select is((select p.pause_reason from backlog.pipelines as p), 'hook f: full', 'and stops the pipeline');
select is((select count(*) from backlog.retry_history as h where h.event_type = 'hook.f' and h.outcome = 'completed'), 2::bigint, 'both are completed');
select throws_ok(format('select backlog.run_sql_hook(%s, %s)', a.id, a.lock_token), 'PB202', null, 'a Python hook is none of its business')
from backlog.acquire_retry_items('w', 1, 300, '{hook.python}') as a;
select is(backlog.call_sql_hook('f', '{"record": {"reply": "tried"}}'), 'tried', 'a hook can be tried without a delivery');

select * from finish();
rollback;
