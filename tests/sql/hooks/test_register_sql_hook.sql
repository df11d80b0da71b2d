begin;
select plan(9);
create schema app;
create schema "My Schema";
create function app.good(p jsonb) returns void language sql as '';
create function "My Schema"."Good One"(p jsonb) returns text language sql as $$select null::text$$;
create function app.number(p jsonb) returns int language sql as $$select 1$$;
create function app.plain(p text) returns void language sql as '';
create function app.two(p jsonb, q jsonb default null) returns void language sql as '';
create function app.many(p jsonb) returns setof text language sql as $$select 'a'$$;

select backlog.register_sql_hook('good', 'app.good(jsonb)', 'incident', '{orders}', 'individual', 'keys', 'id', 10, 2, 3);
select results_eq(
  $$select h.language, h.sql_function, h.transactional, h.kind, h.pipelines, h.mode, h.payload, h.order_key, h.timeout_seconds, h.concurrency, h.max_retries
    from backlog.hooks as h$$,
  $$values ('sql', 'app.good', true, 'incident', '{orders}'::text[], 'individual', 'keys', 'id', 10, 2, 3)$$,
  'all of it is kept; the function by its name, which a dump can restore'
);
select lives_ok($$select backlog.register_sql_hook('odd', '"My Schema"."Good One"(jsonb)')$$, 'names that need quotes');
select backlog.create_pipeline('p');
select backlog.save_checkpoint('p');
select results_eq('select * from backlog.run_sql_hooks()', $$values ('odd', 1::bigint, 0::bigint)$$, 'are called');
select throws_ok($$select backlog.register_sql_hook('x', 'app.number(jsonb)')$$, 'PB202', 'app.number(jsonb) cannot be a hook', 'it returns a number');
select throws_ok($$select backlog.register_sql_hook('x', 'app.plain(text)')$$, 'PB202', null, 'it takes text');
select throws_ok($$select backlog.register_sql_hook('x', 'app.two(jsonb,jsonb)')$$, 'PB202', null, 'it takes two');
select throws_ok($$select backlog.register_sql_hook('x', 'app.many(jsonb)')$$, 'PB202', null, 'it returns rows');
select throws_ok($$select backlog.register_sql_hook('x', null)$$, 'PB202', null, 'it is null');

create role app_operator in role backlog_operator;
revoke execute on function app.good(jsonb) from public;
set local role app_operator;
select throws_ok($$select backlog.register_sql_hook('x', 'app.good(jsonb)')$$, '42501', null, 'only who may call it may register it');
reset role;

select * from finish();
rollback;
