begin;
select plan(13);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.create_pipeline('orders');
select backlog.register_hook('audit');
select backlog.save_checkpoint('orders', '{"n": 1}');
select backlog.disable_hook('audit', 'noisy');
select results_eq('select h.state, h.enabled, h.disabled_at, h.disable_reason, h.pending from backlog.hooks as h',
  $$values ('disabled', false, '2030-01-01 12:00:00+00'::timestamptz, 'noisy', 1::bigint)$$, 'the view says so');
select is_empty($$select from backlog.acquire_retry_items('w')$$, 'what waits is held');
select backlog.save_checkpoint('orders', '{"n": 2}');
select is((select h.pending from backlog.hooks as h), 1::bigint, 'nothing new is delivered');
set local test.now = '2030-01-01 13:00:00+00';
select backlog.disable_hook('audit', 'very noisy');
select results_eq('select h.disabled_at, h.disable_reason from backlog.hooks as h',
  $$values ('2030-01-01 12:00:00+00'::timestamptz, 'very noisy')$$, 'the reason may change, the time stays');
select backlog.enable_hook('audit');
select results_eq('select h.state, h.disabled_at, h.disable_reason from backlog.hooks as h',
  $$values ('enabled', null::timestamptz, null::text)$$, 'enabled again');
create temp table taken as select * from backlog.acquire_retry_items('w');
select results_eq($$select t.event_data -> 'records' from taken as t$$, $$values ('[{"n": 1}]'::jsonb)$$, 'what waited goes on');
select lives_ok($$select backlog.enable_hook('audit')$$, 'enabling twice does no harm');

-- A delivery in progress is not touched
select backlog.disable_hook('audit');
select lives_ok(format('select backlog.complete_retry_item(%s, %L, %s)', t.id, 'w', t.lock_token), 'it may be completed') from taken as t;
select throws_ok($$select backlog.disable_hook('nobody')$$, 'PB201', $$there is no hook 'nobody'$$, 'no such hook');
select throws_ok($$select backlog.enable_hook('nobody')$$, 'PB201', null, 'no such hook to enable');
select throws_ok($$select backlog.drop_hook('nobody')$$, 'PB201', null, 'nor to drop');

-- Dropped while disabled
select backlog.drop_hook('audit');
select backlog.register_hook('audit');
select backlog.save_checkpoint('orders', '{"n": 3}');
select is((select h.state from backlog.hooks as h), 'enabled', 'a new hook of that name begins anew');
select is((select count(*) from backlog.acquire_retry_items('w')), 1::bigint, 'and is called');

select * from finish();
rollback;
