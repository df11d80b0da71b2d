begin;
select plan(27);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.create_pipeline('orders');
create schema app;
create table app.log (n bigint generated always as identity, hook text, record jsonb, key text, caller text);
create function app.note(p_event jsonb) returns void language sql as $$
  insert into app.log (hook, record, key, caller)
  values (p_event ->> 'hook', coalesce(p_event -> 'record', p_event -> 'records'), p_event ->> 'idempotency_key', current_user)
$$;
create function app.picky(p_event jsonb) returns text language plpgsql as $$
begin
  insert into app.log (hook, record) values ('picky', p_event -> 'record');
  if p_event -> 'record' ? 'bad' then
    raise exception using errcode = '22012', message = 'no good';
  end if;
  return p_event -> 'record' ->> 'reply';
end $$;

select throws_ok($$select backlog.run_sql_hooks('note')$$, 'PB201', $$there is no enabled SQL hook 'note'$$, 'no such hook');
select is_empty('select * from backlog.run_sql_hooks()', 'nothing to do without hooks');

select backlog.register_sql_hook('note', 'app.note(jsonb)');
select backlog.register_sql_hook('each', 'app.note(jsonb)', p_mode => 'individual');
select backlog.register_hook('python');
select backlog.save_checkpoint('orders', '[{"id": 1}, {"id": 2}]');
select results_eq(
  'select * from backlog.run_sql_hooks()', $$values ('each', 2::bigint, 0::bigint), ('note', 1, 0)$$,
  'every delivery is made, and counted'
);
select bag_eq(
  'select l.hook, l.record from app.log as l',
  $$values ('note', '[{"id": 1}, {"id": 2}]'::jsonb), ('each', '{"id": 1}'), ('each', '{"id": 2}')$$,
  'the functions were called with the records'
);
select results_eq($$select i.event_type from backlog.retry_items as i$$, $$values ('hook.python')$$, 'a Python hook is left to listeners');
select is_empty('select * from backlog.run_sql_hooks()', 'nothing is delivered twice');
select is((select count(*) from backlog.retry_history as h where h.outcome = 'completed'), 3::bigint, 'the items are completed');

-- Only one hook, and a limit
truncate app.log;
select backlog.save_checkpoint('orders', '[{"id": 1}, {"id": 2}, {"id": 3}]');
select results_eq($$select * from backlog.run_sql_hooks('each', 2)$$, $$values ('each', 2::bigint, 0::bigint)$$, 'so many of one hook');
select results_eq($$select * from backlog.run_sql_hooks('note')$$, $$values ('note', 1::bigint, 0::bigint)$$, 'the others of another');
select throws_ok('select backlog.run_sql_hooks(p_limit => 0)', 'PB003', null, 'none at all');
select throws_ok('select backlog.run_sql_hooks(p_limit => null)', 'PB003', null, 'or null');
select backlog.run_sql_hooks();

-- A failure undoes itself and nothing else
truncate app.log;
select backlog.register_sql_hook('picky', 'app.picky(jsonb)', p_mode => 'individual');
select backlog.disable_hook('each');
select backlog.save_checkpoint('orders', '[{"id": 1}, {"bad": true}, {"id": 3}]');
select results_eq(
  'select * from backlog.run_sql_hooks()', $$values ('note', 1::bigint, 0::bigint), ('picky', 2, 1)$$, 'one of three fails'
);
select bag_eq($$select l.record from app.log as l where l.hook = 'picky'$$, $$values ('{"id": 1}'::jsonb), ('{"id": 3}')$$,
  'what the failed one wrote is gone');
select results_eq($$select d.event_type, d.error, d.error_code from backlog.dead_letters as d$$,
  $$values ('hook.picky', 'no good', '22012')$$, 'its error is kept, and the rules for it hold');
select is_empty($$select from backlog.incidents$$, 'a delivery that dies is no incident');

-- Stop
select backlog.save_checkpoint('orders', '[{"reply": "stop: disk full"}]');
select backlog.run_sql_hooks();
select is((select p.pause_reason from backlog.pipelines as p), 'hook picky: disk full', 'a hook may stop the pipeline');
select backlog.resume_pipeline('orders');
select backlog.save_checkpoint('orders', '[{"reply": "stop"}]');
select backlog.run_sql_hooks();
select is((select p.pause_reason from backlog.pipelines as p), 'hook picky: stop', 'without a reason as well');
select backlog.resume_pipeline('orders');
select backlog.save_checkpoint('orders', '[{"reply": "stopped early"}]');
select backlog.run_sql_hooks();
select is((select p.paused_at from backlog.pipelines as p), null, 'any other reply means nothing');

-- Large commits are worked off by the same call
truncate app.log;
select backlog.enable_hook('each');
select backlog.save_checkpoint('orders', (select jsonb_agg(jsonb_build_object('id', n) order by n) from generate_series(1, 1500) as n));
select results_eq($$select r.hook, r.delivered from backlog.run_sql_hooks(p_limit => 10000) as r$$,
  $$values ('each', 1500::bigint), ('expand', 8), ('note', 2), ('picky', 1500)$$, 'and counted as expand');
select is((select count(distinct l.key) from app.log as l where l.hook = 'each'), 1500::bigint, 'each record is delivered once');

-- The rights of the caller
create role app_worker in role backlog_worker;
create role app_owner;
grant usage on schema app to app_worker;
grant insert, select on app.log to app_worker;
grant usage on schema tap to app_worker;
truncate app.log restart identity;
select backlog.disable_hook('picky');
select backlog.disable_hook('each');
select backlog.save_checkpoint('orders', '{"id": 1}');
set local role app_worker;
select results_eq('select * from backlog.run_sql_hooks()', $$values ('note', 1::bigint, 0::bigint)$$, 'a worker may run hooks');
reset role;
select is((select l.caller from app.log as l), 'app_worker', 'the function has the rights of the caller');
alter function app.note(jsonb) owner to app_owner;
grant usage on schema app to app_owner;
grant insert on app.log to app_owner;
select backlog.save_checkpoint('orders', '{"id": 2}');
select results_eq('select * from backlog.run_sql_hooks()', $$values ('note', 0::bigint, 1::bigint)$$, 'a superuser does not lend its rights');
select matches((select i.last_error from backlog.retry_items as i where i.event_type = 'hook.note'),
  'hook note: app.note cannot be called by', 'and says so');
alter function app.note(jsonb) security definer;
set local test.now = '2030-01-01 13:00:00+00';
select results_eq('select * from backlog.run_sql_hooks()', $$values ('note', 1::bigint, 0::bigint)$$, 'unless the function has its own');
select is((select l.caller from app.log as l order by l.n desc limit 1), 'app_owner', 'which it then uses');
drop function app.note(jsonb);
select backlog.save_checkpoint('orders', '{"id": 3}');
select results_eq('select * from backlog.run_sql_hooks()', $$values ('note', 0::bigint, 1::bigint)$$, 'a function that is gone fails its deliveries');

select * from finish();
rollback;
