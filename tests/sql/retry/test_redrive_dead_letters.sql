begin;
select plan(51);
set local test.now = '2030-01-01 12:00:00+00';
select backlog.set_retry_policy('*', p_max_retries => 0);

create function pg_temp.die(p_type text, p_code text, p_error text, p_at text, p_channel text = '', p_key text = null, p_expires timestamptz = null)
  returns bigint language plpgsql as $$
declare v_id bigint;
begin
  perform set_config('test.now', p_at, true);
  select e.id into v_id from backlog.enqueue_retry_item(p_type, jsonb_build_object('of', p_error), p_channel, 'plugin_' || p_type,
    p_correlation_id => 'corr_' || p_error, p_tags => array['tag_' || p_error], p_dedupe_key => p_key, p_expires_at => p_expires) as e;
  perform set_config('test.now', (p_at::timestamptz + interval '1 second')::text, true);
  perform backlog.fail_retry_item(t.id, 'w', p_error, p_code, t.lock_token) from backlog.acquire_retry_items('w', 1) as t;
  return v_id;
end $$;
create temp table dead as
select 'a' as name, pg_temp.die('mail', '22012', 'division', '2030-01-01 12:00:00+00') as id
union all select 'b', pg_temp.die('mail', '22P02', 'Bad Input', '2030-01-01 13:00:00+00', 'eu')
union all select 'c', pg_temp.die('post', 'TimeoutError', 'timeout', '2030-01-01 14:00:00+00');
set local test.now = '2030-01-01 15:00:00+00';
select backlog.enqueue_retry_item('gone', p_expires_at => '2030-01-01 15:00:01+00');
insert into dead select 'd', i.id from backlog.retry_items as i;
set local test.now = '2030-01-01 15:00:02+00';
select count(*) from backlog.acquire_retry_items('w');
select is((select count(*) from backlog.dead_letters), 4::bigint, 'four dead letters');

-- Each filter key, as a dry run
create function pg_temp.found(p_filter jsonb) returns text language sql as $$
  select coalesce(string_agg(d.name, '' order by d.name), '')
  from backlog.redrive_dead_letters(p_filter, 100, true) as r join dead as d on d.id = r.id;
$$;
select is(pg_temp.found('{}'), 'abcd', 'an empty filter matches all');
select is(pg_temp.found(jsonb_build_object('id', (select d.id from dead as d where d.name = 'b'))), 'b', 'id');
select is(pg_temp.found(jsonb_build_object('id', (select jsonb_agg(d.id) from dead as d where d.name in ('b', 'c')))), 'bc', 'several ids');
select is(pg_temp.found('{"id": -1}'), '', 'an id that is none');
select is(pg_temp.found('{"event_type": "mail"}'), 'ab', 'event_type');
select is(pg_temp.found('{"channel_name": "eu"}'), 'b', 'channel_name');
select is(pg_temp.found('{"channel_name": ""}'), 'acd', 'no channel');
select is(pg_temp.found('{"plugin_name": "plugin_post"}'), 'c', 'plugin_name');
select is(pg_temp.found('{"reason": "permanent_error"}'), 'ab', 'reason: permanent error');
select is(pg_temp.found('{"reason": "retries_exhausted"}'), 'c', 'reason: retries exhausted');
select is(pg_temp.found('{"reason": "expired"}'), 'd', 'reason: expired');
select is(pg_temp.found('{"error_code": "22%"}'), 'ab', 'error_code by pattern');
select is(pg_temp.found('{"error_code": "TimeoutError"}'), 'c', 'error_code');
select is(pg_temp.found('{"error": "^bad"}'), 'b', 'error by regular expression, without case');
select is(pg_temp.found('{"correlation_id": "corr_timeout"}'), 'c', 'correlation_id');
select is(pg_temp.found('{"tag": "tag_division"}'), 'a', 'tag');
select is(pg_temp.found('{"died_after": "2030-01-01 13:00:01+00"}'), 'bcd', 'died_after, inclusive');
select is(pg_temp.found('{"died_before": "2030-01-01 13:00:01+00"}'), 'a', 'died_before, exclusive');
select is(pg_temp.found('{"event_type": "mail", "error_code": "22P%"}'), 'b', 'several keys must all fit');
select is((select count(*) from backlog.dead_letters), 4::bigint, 'a dry run changes nothing');
select is((select count(*) from backlog.retry_items), 0::bigint, 'and brings nothing back');

-- Redriven
set local test.now = '2030-01-01 16:00:00+00';
create temp table before as select * from backlog.dead_letters;
select results_eq(
  $$select r.id, r.event_type, r.channel_name, r.run_at, r.outcome from backlog.redrive_dead_letters('{"event_type": "mail", "channel_name": "eu"}') as r$$,
  $$select d.id, 'mail', 'eu', '2030-01-01 16:00:00+00'::timestamptz, 'redriven' from dead as d where d.name = 'b'$$, 'what was redriven, and when it runs'
);
select results_eq(
  $$select i.id, i.event_id, i.event_data, i.plugin_name, i.correlation_id, i.tags, i.priority, i.created_at, i.retry_count, i.redrive_count, i.status, i.last_error
    from backlog.retry_items as i$$,
  $$select b.id, b.event_id, b.event_data, b.plugin_name, b.correlation_id, b.tags, b.priority, b.created_at, 0, 1, 'pending', 'Bad Input'
    from before as b join dead as d on d.id = b.id and d.name = 'b'$$,
  'the item is what it was, with fresh attempts and its errors'
);
select results_eq($$select h.outcome, h.finished_at from backlog.retry_history as h where h.id = (select d.id from dead as d where d.name = 'b') order by h.finished_at$$,
  $$values ('dead_letter', '2030-01-01 13:00:01+00'::timestamptz), ('redriven', '2030-01-01 16:00:00+00')$$, 'the history has both');
set local test.now = '2030-01-01 16:00:01+00';
select is((select t.id from backlog.acquire_retry_items('w') as t), (select d.id from dead as d where d.name = 'b'), 'it can be claimed');
select backlog.complete_retry_item(i.id, 'w') from backlog.retry_items as i;

-- What had expired does not expire again
select is((select r.outcome from backlog.redrive_dead_letters('{"reason": "expired"}') as r), 'redriven', 'an expired one');
select is((select i.expires_at from backlog.retry_items as i), null::timestamptz, 'comes back without its end');
select backlog.cancel_retry_item(i.id) from backlog.retry_items as i;

-- Limit, order and spread
set local test.now = '2030-01-01 17:00:00+00';
select results_eq(
  $$select d.name, r.run_at from backlog.redrive_dead_letters('{}', 100, true, 100) as r join dead as d on d.id = r.id order by r.run_at$$,
  $$values ('a', '2030-01-01 17:00:00+00'::timestamptz), ('c', '2030-01-01 17:00:50+00')$$, 'spread evenly, in the order of the ids'
);
select results_eq(
  $$select d.name, r.run_at from backlog.redrive_dead_letters('{}', 1, false, 100) as r join dead as d on d.id = r.id$$,
  $$values ('a', '2030-01-01 17:00:00+00'::timestamptz)$$, 'no more than the limit'
);
select is((select r.run_at from backlog.redrive_dead_letters('{}', 5, false, 100) as r), '2030-01-01 17:00:00+00'::timestamptz, 'one alone is due at once');
select is_empty('select * from backlog.redrive_dead_letters()', 'then nothing is left');
select backlog.cancel_retry_item(i.id) from backlog.retry_items as i;

-- Guarded against loops
select backlog.set_retry_policy('loop', p_max_redrives => 1);
select pg_temp.die('loop', null, 'x', '2030-01-01 18:00:00+00');
set local test.now = '2030-01-01 18:00:02+00';
select results_eq('select r.outcome from backlog.redrive_dead_letters() as r', $$values ('redriven')$$, 'once');
set local test.now = '2030-01-01 18:00:03+00';
select backlog.fail_retry_item(t.id, 'w', 'x', null, t.lock_token) from backlog.acquire_retry_items('w', 1) as t;
select is((select d.redrive_count from backlog.dead_letters as d), 1, 'the count goes with the dead letter');
select results_eq('select r.outcome, r.run_at from backlog.redrive_dead_letters(p_dry_run => true) as r', $$values ('exhausted', null::timestamptz)$$, 'a dry run tells that it is enough');
select results_eq('select r.outcome, r.run_at from backlog.redrive_dead_letters() as r', $$values ('exhausted', null::timestamptz)$$, 'as often as the policy allows');
select is((select count(*) from backlog.dead_letters), 1::bigint, 'it stays dead');
select results_eq('select r.outcome from backlog.redrive_dead_letters(p_force => true) as r', $$values ('redriven')$$, 'unless it is forced');
select backlog.cancel_retry_item(i.id) from backlog.retry_items as i;

-- Dedupe
select pg_temp.die('key', null, 'one', '2030-01-01 19:00:00+00', 'c', 'k');
select pg_temp.die('key', null, 'two', '2030-01-01 19:01:00+00', 'c', 'k');
set local test.now = '2030-01-01 19:02:00+00';
select results_eq('select r.outcome from backlog.redrive_dead_letters() as r order by r.id', $$values ('redriven'), ('duplicate')$$, 'of two with the same key one comes back');
select results_eq('select r.outcome, r.run_at from backlog.redrive_dead_letters() as r', $$values ('duplicate', null::timestamptz)$$, 'the other waits until the key is free');
select results_eq('select d.error from backlog.dead_letters as d', $$values ('two')$$, 'as a dead letter');

-- Refusals
select throws_ok('select * from backlog.redrive_dead_letters(null)', 'PB003', null, 'no filter');
select throws_ok($$select * from backlog.redrive_dead_letters('[]')$$, 'PB003', 'the filter must be a jsonb object and the limit positive', 'a filter that is no object');
select throws_ok($$select * from backlog.redrive_dead_letters('{"type": "x"}')$$, 'PB003', 'unknown filter key type', 'an unknown key');
select throws_ok($$select * from backlog.redrive_dead_letters('{}', 0)$$, 'PB003', null, 'a limit of nothing');
select throws_ok($$select * from backlog.redrive_dead_letters('{}', null)$$, 'PB003', null, 'no limit');
select throws_ok($$select * from backlog.redrive_dead_letters('{}', 1, null)$$, 'PB003', null, 'neither dry nor wet');
select throws_ok($$select * from backlog.redrive_dead_letters('{}', 1, false, -1)$$, 'PB003', null, 'a negative spread');
select throws_ok($$select * from backlog.redrive_dead_letters('{"error": "("}')$$, 'PB003', null, 'a broken regular expression');
select throws_ok($$select * from backlog.redrive_dead_letters('{"died_after": "soon"}')$$, 'PB003', null, 'a time that is none');
select is((select count(*) from backlog.dead_letters), 1::bigint, 'nothing was changed');

select * from finish();
rollback;
