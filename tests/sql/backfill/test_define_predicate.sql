begin;
select plan(39);

create table public.src (id int primary key, v text, doc jsonb);
insert into public.src values (1, 'a'), (2, 'b');
create table public.secret (word text);
insert into public.secret values ('swordfish');
create role tap_operator;
grant backlog_operator to tap_operator;
grant select on public.src to tap_operator;
create schema own authorization tap_operator;
select backlog.create_pipeline('p');

set local role tap_operator;
create table own.dst (id int primary key, v text, doc jsonb);
-- A sequence is not rolled back: it tells whether a function ran, and by whose rights, whatever came after.
create sequence own.ran;
create function own.tell() returns void language sql volatile as $$
  select nextval('own.ran') where current_user <> 'tap_operator'
$$;
create function own.steady(int) returns int language plpgsql stable as $$ begin perform own.tell(); return 1; end $$;
create function own.fixed(int) returns int language plpgsql immutable as $$ begin perform own.tell(); return 1; end $$;
create function own.same(int, int) returns boolean language plpgsql immutable as $$ begin perform own.tell(); return true; end $$;
create operator own.=== (leftarg = int, rightarg = int, function = own.same);
create domain own.positive as int check (own.same(value, 1));
create type own.pair as (one own.positive);
create type own.mood as enum ('sad', 'a', 'b');
create domain pg_temp.brief as int check (own.same(value, 1));
create function own.to_mood(int) returns own.mood language plpgsql immutable as $$ begin perform own.tell(); return 'a'; end $$;
create function pg_temp.make(p_predicate text, p_mapping jsonb = null) returns bigint language sql as $$
  select backlog.create_backfill(
    'p', 'src', p_destination => '{"kind": "table", "table": "own.dst"}', p_predicate => p_predicate, p_mapping => p_mapping
  )
$$;
create function pg_temp.refused(p_predicate text, p_code text, p_what text) returns setof text language plpgsql as $$
begin
  return next throws_ok(format('select pg_temp.make(%L)', p_predicate), p_code, null, p_what);
end $$;

select pg_temp.refused('id > own.fixed(1)', '42501', 'a function that claims to be immutable, which planning would call');
select pg_temp.refused('id > own.steady(1)', '42501', 'a stable one, which estimating would call');
select pg_temp.refused('OWN . "fixed" (id) = 1', '42501', 'in another spelling');
select pg_temp.refused('id operator(own.===) 1', '42501', 'the function of an operator');
select pg_temp.refused('id operator ( "own" . === ) 1', '42501', 'of an operator with blanks');
select pg_temp.refused('id::own.positive > 0', '42501', 'the check of a domain');
select pg_temp.refused('id::brief > 0', '42501', 'of a domain of the session, which needs no schema');
select pg_temp.refused('id::"brief" > 0', '42501', 'nor when it is quoted');
select pg_temp.refused('id::pg_temp.brief > 0', '42501', 'nor with its schema');
select pg_temp.refused($$'{1}'::own.positive[] is not null$$, '42501', 'the check of a domain within an array, which parsing would call');
select pg_temp.refused($$'(1)'::own.pair is not null$$, '42501', 'within a row');
select pg_temp.refused($$v = E'\'' or own.fixed(1) = 1 or v = ''$$, '42501', 'behind a string with escapes');
select pg_temp.refused($$v = E'a'
  'b\'' or own.fixed(1) = 1 or v = ''$$, '42501', 'behind one that goes on in the next line');
select pg_temp.refused($$a$e'\' or own.fixed(1) = 1 or v = ''$$, '42501', 'behind what only looks like one');
select pg_temp.refused('v = $a$''$a$ or own.fixed(1) = 1 or v = $a$''$a$', '42501', 'between dollar quotes');
select pg_temp.refused('U&"\006fwn".fixed(1) = 1', '42501', 'behind escapes in a name');
select pg_temp.refused(E'id = 1 -- ''\n or own.fixed(1) = 1 -- ''', '42501', 'between comments');
select pg_temp.refused('own.later(id) = 1', '42501', 'what could be made in the meantime');
select pg_temp.refused($$id > table_to_xml('public.secret', true, true, '')::text::int$$, 'PB302', 'a table of others, read by a stable function');
select pg_temp.refused($$id > query_to_xml('select word from public.secret', true, true, '')::text::int$$, 'PB302', 'or by a query');
select throws_like(
  $$select pg_temp.make('id > table_to_xml(''public.secret'', true, true, '''')::text::int')$$, 'PB302', '%IMMUTABLE%', 'the error does not tell its rows'
);
select pg_temp.refused($$id > length(pg_read_file('PG_VERSION'))$$, 'PB302', 'files');
select pg_temp.refused('pg_sleep(60) is null', 'PB302', 'sleep');
select pg_temp.refused($$set_config('search_path', 'own', false) is null$$, 'PB302', 'settings');
select pg_temp.refused($$currval('backlog_internal.backfill_backfill_id_seq') > 0$$, 'PB302', 'sequences');
select pg_temp.refused('lo_create(0) > 0', 'PB302', 'large objects');
select pg_temp.refused('exists (select from pg_authid)', 'PB302', 'subqueries');
select pg_temp.refused('true) limit 0; select 1 where (true', 'PB302', 'a second statement');
select pg_temp.refused(repeat('not ', 100000) || 'true', 'PB302', 'more levels than the stack has room for');
select throws_ok($$select pg_temp.make(null, '{"id": {"cast": "own.positive"}}')$$, '42501', null, 'a cast to a domain');
select throws_ok($$select pg_temp.make(null, '{"id": {"cast": "own.positive[]"}}')$$, '42501', null, 'to an array of it');
select throws_ok($$select pg_temp.make(null, '{"id": {"cast": "brief"}}')$$, '42501', null, 'to a domain of the session');
select throws_ok($$select pg_temp.make(null, '{"v": {"cast": "own.pair"}}')$$, '42501', null, 'to a row with a domain');
select is(
  backlog.preview_backfill(
    'p', 'src', p_destination => '{"kind": "archive"}', p_mapping => '{"v": {"cast": "own.mood"}}', p_predicate => 'v like ''a%'''
  ) -> 'first', '[{"id": 1, "v": "a", "doc": null}]', 'an enum of one''s own calls nothing'
);
create cast (int as own.mood) with function own.to_mood(int);
select throws_ok($$select pg_temp.make(null, '{"v": {"cast": "own.mood"}}')$$, '42501', null, 'unless there is a cast');
select is((select r.is_called from own.ran as r), false, 'and none of the functions was called with more rights');
select lives_ok(
  $$select pg_temp.make('lower(v) = ''o''''k'' and pg_catalog.length(v) > 1.5e0 and doc ->> ''a.b(c)'' ~ E''\\d'' and id between 1 and 2')$$,
  'what PostgreSQL provides is for everybody'
);
reset role;

-- The clock ticks in somebody else's name; the rights are those of whoever made the schedule.
create function public.mine(int) returns boolean language sql immutable as 'select true';
select backlog.schedule_backfill(
  'mine', '1 hour', '{"pipeline": "p", "table_name": "src", "predicate": "public.mine(id)", "destination": {"kind": "archive"}}'
);
set local role tap_operator;
select lives_ok('select backlog.tick()', 'a schedule that may');
reset role;
select is((select array[s.last_error, (s.last_backfill_id > 0)::text] from backlog.backfill_schedules as s), '{null,true}', 'works, whoever ticks');

select * from finish();
rollback;
