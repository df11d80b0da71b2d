begin;
select plan(14);
select backlog.register_hook('seq', p_mode => 'individual', p_order_key => 'key');
create temp table h as select (backlog_internal.find_hook('seq')).hook_id as id;
create function pg_temp.wait(p_key text, p_n int) returns bigint language sql as $$
  insert into backlog_internal.hook_turn (hook_id, key, priority, event_data, created_at)
  select h.id, p_key, 5, jsonb_build_object('n', p_n), now() from h returning hook_turn_id
$$;
create function pg_temp.head(p_key text) returns backlog_internal.hook_head language sql as $$
  select t from backlog_internal.hook_head as t where t.key = p_key
$$;
create function pg_temp.called() returns int language sql as $$
  select (i.event_data ->> 'n')::int from backlog.retry_items as i where i.event_type = 'hook.seq' order by i.id desc limit 1
$$;

-- The first of each key.
select pg_temp.wait('a', n) from generate_series(1, 3) as n;
select pg_temp.wait('b', 10);
select ok(backlog_internal.call_first_turns(h.id, array['a', 'a', 'b', 'none']), 'it is done') from h;
select bag_eq($$select (i.event_data ->> 'n')::int from backlog.retry_items as i where i.event_type = 'hook.seq'$$, 'values (1), (10)', 'one delivery of each key is due');
select results_eq('select t.key from backlog_internal.hook_head as t order by 1', $$values ('a'), ('b')$$, 'a key of which none waits has no head');
select is((pg_temp.head('b')).item_id, (select i.id from backlog.retry_items as i where i.event_data ->> 'n' = '10'), 'the head knows its item');
select ok(backlog_internal.call_first_turns(h.id, array['a', 'b']), 'again') from h;
select is((select count(*) from backlog.retry_items as i where i.event_type = 'hook.seq'), 2::bigint, 'nothing more is due: whoever ends it calls the next');

-- The next ones.
select ok(backlog_internal.call_next_turn(pg_temp.head('a')), 'the next of a key');
select is(pg_temp.called(), 2, 'in order');
select is((select count(*) from backlog_internal.hook_turn as t where t.key = 'a'), 1::bigint, 'it waits no longer');
insert into backlog_internal.hook_turn (hook_turn_id, hook_id, key, priority, event_data, created_at) overriding system value
select -1, h.id, 'a', 5, '{"n": 0}', now() from h;
select backlog_internal.call_next_turn(pg_temp.head('a'));
select is(pg_temp.called(), 3, 'what was committed late does not come between');
select backlog_internal.call_next_turn(pg_temp.head('a'));
select is(pg_temp.called(), 0, 'but when no other waits');
select ok(not backlog_internal.call_next_turn(pg_temp.head('a')), 'then there is none');
select is(pg_temp.head('a'), null, 'and the key is forgotten');
select isnt(pg_temp.head('b'), null, 'no other is');

select * from finish();
rollback;
