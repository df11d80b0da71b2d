begin;
select plan(53);

create table public.src (id int primary key, name text, total numeric, at timestamptz);
insert into public.src select n, 'n' || n, n / 3.0, timestamptz '2024-01-01 00:00+00' + n * interval '1 h' from generate_series(1, 200) as n;
create table public.dst (key bigint primary key, name text, total numeric(10, 2), at timestamptz);
create index on public.src (at);
analyze public.src;
select backlog.create_pipeline('p');
create function pg_temp.go(p_id bigint) returns text language plpgsql as $$
declare v jsonb;
begin
  update backlog_internal.backfill set plan_snapshot = null;
  for n in 1..200 loop
    v := backlog.run_backfill_step(p_id);
    exit when not (v ->> 'more')::boolean;
  end loop;
  return (select b.state from backlog.backfills as b where b.backfill_id = p_id);
end $$;
create function pg_temp.id() returns bigint language sql as 'select max(b.backfill_id) from backlog.backfills as b';

-- What would happen.
create temp table seen as
select backlog.preview_backfill('p', 'src', '[{"column": "name", "operator": "like", "value": "n1%"}]', '{"kind": "table", "table": "dst"}', p_mapping => '{"id": "key"}', p_batch_size => 30) as v;
select is((select s.v ->> 'plan' from seen as s), 'histogram', 'a preview tells the plan');
select is((select s.v ->> 'upper_key' from seen as s), '["200"]', 'the end');
select is((select (s.v ->> 'rows_estimated')::int from seen as s), 200, 'how many rows are read');
select is((select s.v ->> 'index' from seen as s), null, 'that no index serves the filters');
select matches((select s.v -> 'warnings' ->> 0 from seen as s), 'no index serves the filters: about 200 rows are read to find', 'with a warning');
select is((select s.v -> 'first' -> 0 from seen as s), '{"key": 1, "name": "n1", "total": 0.33333333333333333333, "at": "2024-01-01T01:00:00+00:00"}'::jsonb, 'the first rows')
from (select set_config('timezone', 'UTC', true)) as z;
select is((select s.v -> 'last' -> 0 ->> 'key' from seen as s), '199', 'and the last');
select is((select count(*) from backlog.backfills), 0::bigint, 'nothing was made');
select is(backlog.preview_backfill('p', 'src', '[{"column": "at", "operator": "<", "value": "2024-01-01 01:30+00"}]', '{"kind": "table", "table": "made"}', p_create_target => true) ->> 'target', null, 'also of a target that is not there yet');
set local enable_seqscan = off;
select is(backlog.preview_backfill('p', 'src', '[{"column": "at", "operator": "<", "value": "2024-01-01 01:30+00"}]', '{"kind": "x"}') ->> 'index', 'src_at_idx', 'an index that serves is named');
reset enable_seqscan;
select throws_ok($$select backlog.preview_backfill('p', 'src', '[{"column": "nope", "operator": "="}]', '{"kind": "x"}')$$, 'PB305', null, 'it refuses what cannot work');

-- Verified and repaired.
select backlog.create_backfill('p', 'src', '[{"column": "id", "operator": "<=", "value": 150}]', '{"kind": "table", "table": "dst"}', p_mapping => '{"id": "key", "total": {"cast": "numeric(10, 2)"}}', p_batch_size => 40);
select throws_ok('select backlog.repair_backfill(pg_temp.id())', 'PB303', null, 'one that is not complete is not repaired');
insert into public.dst values (190, 'not ours', 0, null);
select is(pg_temp.go(pg_temp.id()), 'COMPLETED', 'a backfill with casts, a filter and rows of others in the destination');
select bag_eq('select v.is_equal, v.differences from backlog.verify_backfill(pg_temp.id()) as v', 'select true, 0::bigint from backlog.backfill_chunks as c where c.backfill_id = pg_temp.id()', 'is equal');
select is_empty('select * from backlog.verify_backfill(pg_temp.id())', 'each chunk is compared once');
update public.dst set name = 'x' where key = 7;
delete from public.dst where key in (50, 51);
update backlog_internal.backfill_chunk set verified_at = null;
select is((select sum(v.differences) from backlog.verify_backfill(pg_temp.id()) as v), 3::numeric, 'differences are found');
select results_eq('select d.key, d.problem, d.key_columns from backlog.backfill_differences as d order by d.key[1]::int', $$values ('{7}'::text[], 'different', '{id}'::text[]), ('{50}', 'missing', '{id}'), ('{51}', 'missing', '{id}')$$, 'by key');
select results_eq('select c.source_rows - c.destination_rows, c.differences from backlog.backfill_chunks as c where c.differences > 0 order by c.source_rows - c.destination_rows', $$values (0::bigint, 1::bigint), (2, 2)$$, 'and by chunk');
select is(backlog.repair_backfill(pg_temp.id()), 3::bigint, 'to be repaired');
select is(pg_temp.go(pg_temp.id()), 'COMPLETED', 'which needs some more work');
update backlog_internal.backfill_chunk set verified_at = null;
select is((select bool_and(v.is_equal) from backlog.verify_backfill(pg_temp.id()) as v), true, 'then they are equal');
select is((select count(*) from public.dst), 151::bigint, 'rows of others are left alone');
select is(backlog.repair_backfill(pg_temp.id()), 0::bigint, 'nothing is left to repair');
select results_eq('select v.chunks_left > 0 from backlog.verify_backfill(pg_temp.id(), 1) as v', 'select true where false', 'nor to compare');
update backlog_internal.backfill_chunk set verified_at = null;
select results_eq('select v.chunks_left > 0 from backlog.verify_backfill(pg_temp.id(), 1) as v', 'values (true)', 'chunks may be compared a few at a time');
select throws_ok('select backlog.verify_backfill(pg_temp.id(), 0)', 'PB003', null, 'at least one');
select throws_ok('select backlog.verify_backfill(0)', 'PB301', null, 'an unknown backfill');
select throws_ok($$select backlog.verify_backfill(backlog.create_backfill('p', 'src', p_destination => '{"kind": "parquet"}'))$$, 'PB302', null, 'another destination');
create table public.bag (a int, b json);
insert into public.bag values (1, '{}'), (1, '{}'), (2, null);
select is(pg_temp.go(backlog.create_backfill('p', 'bag', p_destination => '{"kind": "table", "table": "bag2"}', p_create_target => true)), 'COMPLETED', 'a table without a key');
select results_eq('select v.source_rows, v.destination_rows, v.is_equal from backlog.verify_backfill(pg_temp.id()) as v', 'values (3::bigint, 3::bigint, true)', 'is compared as a whole');
delete from public.bag2 where a = 2;
update backlog_internal.backfill_chunk set verified_at = null;
select results_eq('select v.source_rows, v.destination_rows, v.is_equal from backlog.verify_backfill(pg_temp.id()) as v', 'values (3::bigint, 2::bigint, false)', 'and found to differ');

truncate public.bag;
create table public.extra (id int primary key);
insert into public.extra values (1), (2);
select is(pg_temp.go(backlog.create_backfill('p', 'extra', p_destination => '{"kind": "table", "table": "extra2"}', p_create_target => true)), 'COMPLETED', 'without filters');
delete from public.extra where id = 1;
select backlog.verify_backfill(pg_temp.id());
select is((select d.problem from backlog.backfill_differences as d where d.key = '{1}'), 'extra', 'what is too much is found as well');
select backlog.repair_backfill(pg_temp.id());
select pg_temp.go(pg_temp.id());
select is((select array_agg(e.id) from public.extra2 as e), '{2}'::int[], 'and goes');

-- A row that is refused in a repair.
create table public.many (id int primary key, n int);
insert into public.many select i, i from generate_series(1, 300) as i;
select pg_temp.go(backlog.create_backfill('p', 'many', p_destination => '{"kind": "table", "table": "many2"}', p_create_target => true));
alter table public.many2 add constraint small check (n < 1000);
create table public.refers (id int references public.many2);
insert into public.refers values (299);
update public.many set n = case when id in (70, 140) then 1000 + id else -id end where id <= 200;
delete from public.many where id in (298, 299);
select is((select sum(v.differences) from backlog.verify_backfill(pg_temp.id()) as v), 202::numeric, 'many differences');
select is(backlog.repair_backfill(pg_temp.id()), 202::bigint, 'are repaired');
select is(pg_temp.go(pg_temp.id()), 'COMPLETED', 'though some rows are refused');
select is((select count(*) from public.many2 as m where m.n < 0), 198::bigint, 'the others arrive');
select results_eq('select m.id, m.n from public.many2 as m where m.id in (70, 140) or m.id > 297 order by m.id', 'values (70, 70), (140, 140), (299, 299), (300, 300)', 'these stay as they were');
select results_eq('select (i.record ->> ''id'')::int, i.record ->> ''n'', i.error_code, i.constraint_name from backlog.incidents as i order by 1', $$values (70, '1070', '23514', 'small'), (140, '1140', '23514', 'small'), (299, null, '23503', 'refers_id_fkey')$$, 'each is an incident, one with all that is left of it: its key');
select is((select b.rows_refused from backlog.backfills as b where b.backfill_id = pg_temp.id()), 3::bigint, 'and is counted');
select is((select count(*) from backlog_internal.backfill_touched), 0::bigint, 'no key is tried for ever');
select backlog.verify_backfill(pg_temp.id());
select is((select array_agg(d.key[1] order by d.key[1]) from backlog.backfill_differences as d), '{140,299,70}', 'they are found once more');
select backlog.set_setting('backfill_max_refused_rows', '2');
select backlog.set_retry_policy('backfill.sql', p_max_retries => 0);
select backlog.repair_backfill(pg_temp.id());
select is(pg_temp.go(pg_temp.id()), 'FAILED', 'too many refused keys fail the chunk');
select is((select c.error_code from backlog.backfill_chunks as c where c.state = 'FAILED'), 'PB306', 'and say so');
select is((select count(*) from backlog_internal.backfill_touched), 3::bigint, 'its keys wait');

-- Rows without a key are found, but not again.
create table public.loose (id int unique, n int);
insert into public.loose values (1, 1), (null, 2);
create table public.loose2 (id int unique, n int);
select pg_temp.go(backlog.create_backfill('p', 'loose', p_destination => '{"kind": "table", "table": "loose2"}'));
update public.loose set n = 3 where id is null;
select backlog.verify_backfill(pg_temp.id());
select throws_ok('select backlog.repair_backfill(pg_temp.id())', 'PB302', null, 'rows without a key are not copied a second time');

-- A row that was refused because a cast fails is compared all the same.
create table public.raw (id int primary key, v text);
insert into public.raw select n, case when n in (3, 4) then 'n/a' else n::text end from generate_series(1, 50) as n;
create table public.typed (id int primary key, v int);
select is(pg_temp.go(backlog.create_backfill('p', 'raw', p_destination => '{"kind": "table", "table": "typed"}', p_mapping => '{"v": {"cast": "int"}}')), 'COMPLETED', 'rows that cannot be cast are refused');
select results_eq('select v.source_rows, v.destination_rows, v.is_equal, v.differences from backlog.verify_backfill(pg_temp.id()) as v', 'values (50::bigint, 48::bigint, false, 2::bigint)', 'and missing');
select bag_eq($$select d.key, d.problem from backlog.backfill_differences as d where d.backfill_id = pg_temp.id()$$, $$values ('{3}'::text[], 'missing'), ('{4}', 'missing')$$, 'by key');
update public.raw set v = '3' where id = 3;
update public.raw set v = 'n/a' where id = 9;
select backlog.repair_backfill(pg_temp.id());
select is(pg_temp.go(pg_temp.id()), 'COMPLETED', 'a repair refuses what still cannot be cast');
select is((select string_agg(t.id::text, ' ' order by t.id) from public.typed as t where t.id < 6), '1 2 3 5', 'and brings the rest');
select backlog.verify_backfill(pg_temp.id());
select bag_eq($$select d.key, d.problem from backlog.backfill_differences as d where d.backfill_id = pg_temp.id()$$, $$values ('{4}'::text[], 'missing'), ('{9}', 'different')$$, 'a row that is there by the key of one that cannot be read is different');

select * from finish();
rollback;
