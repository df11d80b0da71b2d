begin;
select plan(57);

select backlog.create_pipeline('p');
create function pg_temp.go(p_id bigint) returns text language plpgsql as $$
declare v jsonb;
begin
  -- Sessions of other tests must not make it wait.
  update backlog_internal.backfill set plan_snapshot = null;
  for n in 1..500 loop
    v := backlog.run_backfill_step(p_id);
    exit when not (v ->> 'more')::boolean;
  end loop;
  return (select b.state from backlog.backfills as b where b.backfill_id = p_id);
end $$;
-- Copy a table in small chunks, and tell whether all is there, once.
create function pg_temp.copies(p_table text, p_key text[] = null, p_batch int = 7) returns boolean language plpgsql as $$
declare v_id bigint; v_equal boolean;
begin
  execute format('create table public.%I_copy as select * from public.%1$I limit 0', p_table);
  v_id := backlog.create_backfill('p', 'public.' || p_table,
    p_destination => jsonb_build_object('kind', 'table', 'table', format('public.%I_copy', p_table), 'mode', 'append'),
    p_batch_size => p_batch, p_key => p_key);
  if pg_temp.go(v_id) <> 'COMPLETED' then
    raise exception '%', (select b.reason from backlog.backfills as b where b.backfill_id = v_id);
  end if;
  execute format('select not exists (select from (table public.%I except all table public.%1$I_copy) as x)
    and not exists (select from (table public.%1$I_copy except all table public.%1$I) as x)', p_table) into v_equal;
  return v_equal;
end $$;
create function pg_temp.chunks() returns bigint language sql as $$
  select count(*) from backlog.backfill_chunks as c where c.backfill_id = (select max(b.backfill_id) from backlog.backfills as b)
$$;
create function pg_temp.id() returns bigint language sql as 'select max(b.backfill_id) from backlog.backfills as b';
create function pg_temp.plan() returns text language sql as $$
  select b.plan_kind from backlog.backfills as b order by b.backfill_id desc limit 1
$$;

-- Keys of all kinds.
create table public.negative (id int primary key, x int);
insert into public.negative select n, n from generate_series(-50, 50) as n;
select ok(pg_temp.copies('negative'), 'negative keys');
select cmp_ok(pg_temp.chunks(), '>=', 14::bigint, 'in chunks of the batch size');
select is(pg_temp.plan(), 'keyset', 'without statistics by the key');
create table public.composite (a int, b text, primary key (a, b));
insert into public.composite select n % 5, 'b' || n from generate_series(1, 100) as n;
select ok(pg_temp.copies('composite'), 'composite keys');
create table public.mixed (a int, b text collate "C", c date);
create unique index on public.mixed (b desc, a desc, c desc);
insert into public.mixed select n % 3, chr(60 + n % 40) || '''\', date '2024-01-01' + n from generate_series(1, 100) as n;
select ok(pg_temp.copies('mixed'), 'a key that runs downwards, of text in another order');
create table public.texts (t text primary key);
insert into public.texts select x from unnest(array['a', 'B', 'ab', 'Ab', 'é', 'e', 'f', '', ' ', '-a', 'a-b', 'z', 'Z', 'ä', '10', '9', 'a''b', 'a\b', '"', '{}', 'NULL']) as x;
select ok(pg_temp.copies('texts', p_batch => 2), 'text keys in the order of their collation');
create table public.ccollated (t text, u int);
create unique index on public.ccollated (t collate "C");
insert into public.ccollated select x from unnest(array['a', 'B', 'ab', 'Ab', 'b', 'A', null, null, 'C']) as x;
select ok(pg_temp.copies('ccollated', p_batch => 2), 'an index with another collation, and nulls');
create table public.uuids (u uuid primary key);
insert into public.uuids select gen_random_uuid() from generate_series(1, 60);
select ok(pg_temp.copies('uuids'), 'uuids');
create table public.nullable (a int unique, b int);
insert into public.nullable select case when n % 4 > 0 then n end, n from generate_series(1, 60) as n;
select ok(pg_temp.copies('nullable'), 'keys that may be null');
select is((select c.rows_matched from backlog.backfill_chunks as c where c.kind = 'nulls' order by c.chunk_id desc limit 1), 15::bigint, 'such rows are a chunk of their own');
create table public.nullpair (a int, b int, c int, unique (a, b));
insert into public.nullpair select nullif(n % 7, 0), nullif(n % 5, 0), n from generate_series(1, 34) as n;
select ok(pg_temp.copies('nullpair', p_batch => 3), 'nulls in the second column of a key');
create table public.keyless (a int);
insert into public.keyless select n % 3 from generate_series(1, 30) as n;
select ok(pg_temp.copies('keyless'), 'no key');
select is(pg_temp.plan(), 'whole', 'in one piece');
create table public.times (at timestamptz, x int);
create index on public.times (at);
insert into public.times select timestamptz '2024-01-01 00:00+00' + n / 3 * interval '1.000001 s', n from generate_series(1, 90) as n;
set local datestyle = 'German';
set local timezone = 'Asia/Kolkata';
select ok(pg_temp.copies('times', array['at'], 4), 'a key that is not unique, of times, whatever the date style');
create table public.floats (f float8 primary key);
insert into public.floats select f from unnest(array['NaN', 'Infinity', '-Infinity', '0.1', '1e300', '1e-300', '-0.3', '2', '3', '0.30000000000000004']::float8[]) as f;
select ok(pg_temp.copies('floats', p_batch => 2), 'floats');
create type public.mood as enum ('z', 'a', 'm');
create table public.enums (m public.mood, n int, primary key (m, n));
insert into public.enums select m, n from unnest(enum_range(null::public.mood)) as m, generate_series(1, 9) as n;
select ok(pg_temp.copies('enums', p_batch => 4), 'enums');
create table public.empty (id int primary key);
select ok(pg_temp.copies('empty'), 'an empty table');
create table public.parted (id int primary key, x int) partition by range (id);
create table public.parted1 partition of public.parted for values from (0) to (50);
create table public.parted2 partition of public.parted default;
insert into public.parted select n, n from generate_series(1, 100) as n;
select ok(pg_temp.copies('parted'), 'a partitioned table');
create table public."Od""d t" ("K ey" int primary key, "a'b" text);
insert into public."Od""d t" select n, '''; drop table x; --' from generate_series(1, 20) as n;
create table public."Copy " (like public."Od""d t");
select is(pg_temp.go(backlog.create_backfill('p', 'public."Od""d t"', p_destination => '{"kind": "table", "table": "public.\"Copy \""}', p_batch_size => 3)), 'COMPLETED', 'names with quotes');
select is((select count(*) from public."Copy "), 20::bigint, 'all of it');

-- Planned from statistics.
create table public.skewed (id bigint primary key, x int);
insert into public.skewed select n, 1 from generate_series(1, 5000) as n union all select n * 1000003::bigint, 2 from generate_series(1, 5000) as n;
analyze public.skewed;
select ok(pg_temp.copies('skewed', p_batch => 500), 'keys that are spread unevenly');
select is(pg_temp.plan(), 'histogram', 'planned from the histogram');
select cmp_ok((select max(c.rows_matched) from backlog.backfill_chunks as c where c.backfill_id = (select max(b.backfill_id) from backlog.backfills as b)), '<=', 500::bigint, 'no chunk is larger than a batch');
insert into public.skewed select n, 3 from generate_series(6000, 6900) as n;
drop table public.skewed_copy;
select ok(pg_temp.copies('skewed', p_batch => 500), 'out of date statistics');

-- Two limits: rows read and rows written.
create table public.few (like public.skewed including all);
select backlog.create_backfill('p', 'public.skewed', '[{"column": "x", "operator": "=", "value": 2}]', '{"kind": "table", "table": "public.few"}', p_batch_size => 100, p_scan_size => 1000, p_workers => 1);
select is(pg_temp.go(pg_temp.id()), 'COMPLETED', 'a filter');
select is((select count(*) from public.few), 5000::bigint, 'copies what matches');
select results_eq('select max(c.rows_scanned) <= 1000, max(c.rows_matched) <= 100, min(c.rows_scanned) > 0 from backlog.backfill_chunks as c where c.backfill_id = ' || pg_temp.id(), 'values (true, true, true)', 'within both limits');
select results_eq('select b.rows_scanned, b.rows_matched, b.rows_written, b.percent from backlog.backfills as b where b.backfill_id = ' || pg_temp.id(), 'values (10901::bigint, 5000::bigint, 5000::bigint, 100.0)', 'both are counted');

-- The end is frozen.
create table public.grown (id int primary key);
insert into public.grown select generate_series(1, 20);
create table public.grown_copy (id int primary key);
select backlog.create_backfill('p', 'public.grown', p_destination => '{"kind": "table", "table": "public.grown_copy"}');
insert into public.grown select generate_series(21, 40);
select is(pg_temp.go(pg_temp.id()), 'COMPLETED', 'rows are added above the end');
select is((select max(g.id) from public.grown_copy as g), 20, 'which is not this run''s business');

-- Rows that the destination refuses.
create table public.source (id int primary key, v int, note text);
insert into public.source select n, n, 'n' || n from generate_series(1, 1000) as n;
update public.source set v = -1 where id in (77, 500, 501);
create table public.picky (id int primary key, v int constraint v_is_positive check (v > 0), note varchar(4));
select backlog.create_backfill('p', 'public.source', p_destination => '{"kind": "table", "table": "public.picky"}', p_batch_size => 400);
select is(pg_temp.go(pg_temp.id()), 'COMPLETED', 'refused rows do not stop the rest');
select is((select count(*) from public.picky), 996::bigint, 'which is copied');
select results_eq('select b.rows_written, b.rows_refused, b.reason from backlog.backfills as b where b.backfill_id = ' || pg_temp.id(), $$values (996::bigint, 4::bigint, '4 rows were refused')$$, 'and counted');
select results_eq(
  $$select i.record ->> 'id', i.error_code, i.constraint_name, i.source, i.table_name from backlog_internal.incident as i where i.source = 'backfill' order by (i.record ->> 'id')::int$$,
  $$values ('77', '23514', 'v_is_positive', 'backfill', 'public.source'), ('500', '23514', 'v_is_positive', 'backfill', 'public.source'),
    ('501', '23514', 'v_is_positive', 'backfill', 'public.source'), ('1000', '22001', null, 'backfill', 'public.source')$$,
  'each is an incident with row and reason'
);
select is((select sum(e.record_count) from backlog_internal.event as e where e.kind = 'checkpoint' and e.source_id = pg_temp.id() and e.metadata ? 'chunk_id'), 1000::numeric, 'each chunk is a checkpoint event');
select results_eq(format('select e.metadata ->> ''state'', e.record_count from backlog_internal.event as e where e.source_id = %s and e.metadata ? ''state''', pg_temp.id()), $$values ('COMPLETED', 0::bigint)$$, 'and so is the end, without records');
truncate public.picky;
select backlog.create_backfill('p', 'public.source', p_destination => '{"kind": "table", "table": "public.picky"}', p_batch_size => 400, p_on_error => 'fail');
select is(pg_temp.go(pg_temp.id()), 'FAILED', 'unless a refused row is to fail its chunk');
select results_eq('select b.chunks_failed, b.reason from backlog.backfills as b where b.backfill_id = ' || pg_temp.id(), $$values (3::bigint, '3 chunks failed')$$, 'which it says');
update public.source set v = 1, note = 'x' where v < 0 or id = 1000;
select is(backlog.retry_backfill(pg_temp.id()), 3, 'failed chunks are tried again');
select is(pg_temp.go(pg_temp.id()), 'COMPLETED', 'and work once the cause is cured');
select is((select count(*) from public.picky), 1000::bigint, 'all of it');
select is((select count(*) from backlog.dead_letters), 0::bigint, 'their dead letters are gone');
update public.source set v = -1;
truncate public.picky;
select backlog.set_setting('backfill_breaker_chunks', '2');
select backlog.create_backfill('p', 'public.source', p_destination => '{"kind": "table", "table": "public.picky"}', p_batch_size => 200);
select is(pg_temp.go(pg_temp.id()), 'FAILED', 'when most chunks fail it stops');
select is((select b.reason from backlog.backfills as b where b.backfill_id = pg_temp.id()), '2 of the 2 chunks worked on failed; the rest was not tried', 'before all are tried');
select matches((select c.error from backlog.backfill_chunks as c where c.backfill_id = pg_temp.id() and c.state = 'FAILED' limit 1), 'more than 100 rows of one chunk were refused', 'because too many rows are refused');
create table public.nokey (v int);
insert into public.nokey values (1), (-1), (2);
create table public.nokey_copy (v int check (v > 0));
select is(pg_temp.go(backlog.create_backfill('p', 'public.nokey', p_destination => '{"kind": "table", "table": "public.nokey_copy"}')), 'COMPLETED', 'a table without a key');
select is((select array_agg(n.v order by n.v) from public.nokey_copy as n), '{1,2}'::int[], 'is sifted too');

-- What hooks see of a chunk.
create function public.seen(p_event jsonb) returns void language sql as 'select';
select backlog.register_sql_hook('h', 'public.seen(jsonb)', 'checkpoint', p_payload => 'records');
create table public.hooked (id int primary key, label text);
select is(pg_temp.go(backlog.create_backfill('p', 'public.source', '[{"column": "id", "operator": "<", "value": 3}]', '{"kind": "table", "table": "public.hooked"}', p_columns => array['id', 'note'], p_mapping => '{"note": "label"}')), 'COMPLETED', 'with a hook that wants records');
select results_eq($$select e.records from backlog_internal.event as e where e.kind = 'checkpoint' and e.records is not null$$, $$values ('[{"id": 1, "label": "n1"}, {"id": 2, "label": "n2"}]'::jsonb)$$, 'the event has them, as written');

-- One snapshot, a registered view, conditions.
select is(pg_temp.go(backlog.create_backfill('p', 'public.negative', p_destination => '{"kind": "table", "table": "public.snap"}', p_create_target => true, p_consistency => 'snapshot')), 'COMPLETED', 'snapshot');
select is((select array_agg(c.kind) from backlog.backfill_chunks as c where c.backfill_id = pg_temp.id()), '{whole}'::text[], 'is one chunk');
select backlog.create_backfill('p', 'public.negative', p_destination => '{"kind": "x"}', p_consistency => 'snapshot');
select results_eq('select b.write_mode, b.key_columns from backlog.backfills as b where b.backfill_id = pg_temp.id()', $$values ('upsert', '{id}'::text[])$$, 'but many for a writer');
create view public.joined as select s.id, s.note, n.x from public.source as s join public.negative as n on n.id = s.id where s.id in (select id from public.grown);
select throws_like($$select backlog.create_backfill('p', 'public.joined', p_destination => '{"kind": "table", "table": "public.jcopy"}')$$, 'PB302', 'public.joined is no table', 'a view must be registered');
select backlog.register_backfill_view('public.joined', array['id']);
select is(pg_temp.go(backlog.create_backfill('p', 'public.joined', '[{"column": "x", "operator": ">", "value": 5}]', '{"kind": "table", "table": "public.jcopy"}', p_create_target => true, p_batch_size => 10)), 'COMPLETED', 'then it is read in chunks');
select is((select count(*) from public.jcopy), 35::bigint, 'all of it');
select backlog.drop_backfill_view('public.joined');
select throws_ok($$select backlog.drop_backfill_view('public.joined')$$, 'PB005', null, 'until it is dropped');
select throws_ok('select backlog.run_backfill_step(null, 0)', 'PB003', null, 'a limit must be positive');

select * from finish();
rollback;
