begin;
select plan(50);

create domain public.score as int check (value >= 0);
create type public.mood as enum ('sad', 'ok', 'happy');
create table public.t (
  id int primary key, name varchar(5), code char(3), price numeric(5, 2), at timestamptz, day date,
  ok boolean, tags text[], doc jsonb, raw json, mood public.mood, score public.score, "Odd ""name" text, uid uuid
);
create function pg_temp.one(p_column text, p_operator text, p_value jsonb = null) returns text language sql as $$
  select backlog_internal.compile_filter('public.t', jsonb_strip_nulls(jsonb_build_object('column', p_column, 'operator', p_operator, 'value', p_value)), 3)
$$;
create function pg_temp.ids(p_column text, p_operator text, p_value jsonb = null) returns int[] language plpgsql as $$
declare v int[];
begin
  execute format('select array(select s.id from public.t as s where %s order by s.id)', pg_temp.one(p_column, p_operator, p_value)) into v;
  return v;
end $$;
insert into public.t values
  (1, 'abc', 'a', 1.23, '2024-01-01 00:00+00', '2024-01-01', true, '{x,y}', '{"a": 1}', '{}', 'sad', 1, 'o''k; drop', '00000000-0000-0000-0000-000000000001'),
  (2, 'abcde', 'b', 1.24, '2024-06-01 00:00+00', '2024-06-01', false, '{z}', '[1]', '{}', 'happy', 5, 'x', '00000000-0000-0000-0000-000000000002'),
  (3, null, null, null, null, null, null, null, null, null, null, null, null, null),
  (-4, 'A%C', '', -9, '1999-01-01', 'infinity', true, '{}', '"a"', '[]', 'ok', 0, '', null);

select is(pg_temp.ids('id', '=', '2'), '{2}'::int[], 'equal');
select is(pg_temp.ids('id', '=', '"-4"'), '{-4}'::int[], 'a value as text');
select is(pg_temp.ids('id', '!=', '2'), '{-4,1,3}'::int[], 'not equal');
select is(pg_temp.ids('id', '<>', '2'), '{-4,1,3}'::int[], 'in its other spelling');
select is(pg_temp.ids('id', '>', '1'), '{2,3}'::int[], 'greater');
select is(pg_temp.ids('id', '<', '1'), '{-4}'::int[], 'less');
select is(pg_temp.ids('id', '>=', '2'), '{2,3}'::int[], 'at least');
select is(pg_temp.ids('id', ' <= ', '1'), '{-4,1}'::int[], 'at most, with blanks');
select is(pg_temp.ids('name', 'LIKE', '"ab%"'), '{1,2}'::int[], 'like');
select is(pg_temp.ids('name', 'like', '"A\\%C"'), '{-4}'::int[], 'like with an escape');
select is(pg_temp.ids('name', 'ilike', '"a%C"'), '{-4,1}'::int[], 'ilike');
select is(pg_temp.ids('name', 'is null'), '{3}'::int[], 'is null');
select is(pg_temp.ids('name', 'IS  NOT NULL'), '{-4,1,2}'::int[], 'is not null');
select is(pg_temp.ids('id', 'IN', '[1, "2", 7]'), '{1,2}'::int[], 'in');
select is(pg_temp.ids('id', 'in', '[]'), '{}'::int[], 'in nothing');
select is(pg_temp.ids('name', 'not in', '["abc"]'), '{-4,2}'::int[], 'not in, which null never is');
select is(pg_temp.ids('id', 'not in', '[]'), '{-4,1,2,3}'::int[], 'not in nothing');
select is(pg_temp.ids('id', 'between', '[1, 2]'), '{1,2}'::int[], 'between');
select is(pg_temp.ids('name', 'is distinct from', '"abc"'), '{-4,2,3}'::int[], 'is distinct from');
select is(pg_temp.ids('name', 'is distinct from'), '{-4,1,2}'::int[], 'is distinct from null');
select is(pg_temp.ids('name', 'is not distinct from', '"abc"'), '{1}'::int[], 'is not distinct from');
select is(pg_temp.ids('name', 'is not distinct from'), '{3}'::int[], 'is not distinct from null');
select is(pg_temp.ids('name', '=', '"abcdefgh"'), '{}'::int[], 'a value longer than the column is not cut');
select is(pg_temp.ids('price', '=', '1.234'), '{}'::int[], 'nor one with more digits rounded');
select is(pg_temp.ids('code', '=', '"a"'), '{1}'::int[], 'blanks of char');
select is(pg_temp.ids('day', '>', '"2024-03-01"'), '{-4,2}'::int[], 'dates, infinity among them');
select is(pg_temp.ids('ok', '=', 'true'), '{-4,1}'::int[], 'booleans');
select is(pg_temp.ids('tags', '=', '["x", "y"]'), '{1}'::int[], 'arrays');
select is(pg_temp.ids('tags', 'in', '[["z"], "{}"]'), '{-4,2}'::int[], 'arrays in a list');
select is(pg_temp.ids('tags', 'not in', '[["z"], "{}"]'), '{1}'::int[], 'arrays not in a list');
select is(pg_temp.ids('doc', '=', '{"a": 1}'), '{1}'::int[], 'documents');
select is(pg_temp.ids('doc', '=', '"a"'), '{-4}'::int[], 'a document that is a string');
select is(pg_temp.ids('mood', '>=', '"ok"'), '{-4,2}'::int[], 'enums in their order');
select is(pg_temp.ids('score', 'in', '[5, 0]'), '{-4,2}'::int[], 'domains');
select is(pg_temp.ids('Odd "name', '=', '"o''k; drop"'), '{1}'::int[], 'names and values with quotes');
select is(pg_temp.ids('uid', '>', '"00000000-0000-0000-0000-000000000001"'), '{2}'::int[], 'uuids');
set local timezone = 'Asia/Tokyo';
select matches(pg_temp.one('at', '>=', '"2024-01-01"'), '2024-01-01 00:00:00\+09', 'a time is fixed in the zone of who says it');
select matches(pg_temp.one('id', '=', '1'), '^\(.*\)$', 'in parentheses');
select throws_ok($$select pg_temp.one('nope', '=', '1')$$, 'PB305', 'filter 3 {"value": 1, "column": "nope", "operator": "="}: public.t has no column nope', 'the error names the filter: column');
select throws_like($$select pg_temp.one('id', '~', '1')$$, 'PB305', 'filter 3 %~ is no operator', 'operator');
select throws_like($$select pg_temp.one('id', '= 1 or 1 =', '1')$$, 'PB305', '%is no operator', 'SQL for an operator');
select throws_like($$select pg_temp.one('id', '=', '"x"')$$, 'PB305', 'filter 3 %"x" is not of type integer%', 'value');
select throws_like($$select pg_temp.one('id', '=')$$, 'PB305', '%the value is null', 'no value');
select throws_like($$select pg_temp.one('id', 'in', '[1, null]')$$, 'PB305', '%the value is null', 'null in a list');
select throws_like($$select pg_temp.one('id', 'in', '1')$$, 'PB305', '%takes an array of values', 'no list');
select throws_like($$select pg_temp.one('id', 'between', '[1]')$$, 'PB305', '%takes an array of values', 'half a range');
select throws_like($$select pg_temp.one('id', 'like', '"1%"')$$, 'PB305', '%a column of type integer has no LIKE', 'like on numbers');
select throws_like($$select pg_temp.one('name', 'like', '"a\\"')$$, 'PB305', '%the pattern ends with an escape', 'a pattern that would fail half-way');
select throws_like($$select pg_temp.one('raw', '=', '{}')$$, 'PB305', '%values of type json cannot be compared', 'a type without equality');
select throws_like($$select backlog_internal.compile_filters('public.t', '{}')$$, 'PB305', 'the filters are no array%', 'no array');

select * from finish();
rollback;
