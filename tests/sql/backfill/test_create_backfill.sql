begin;
select plan(45);

create table public.src (
  id int generated always as identity primary key, name text not null, total numeric(10, 2), doc json,
  twice numeric generated always as (total * 2) stored, note varchar(20) collate "C"
);
insert into public.src (name, total, doc, note) select 'n' || n, n, '{}', 'x' from generate_series(1, 50) as n;
select backlog.create_pipeline('p');
create function pg_temp.go(p_id bigint) returns text language plpgsql as $$
declare v jsonb;
begin
  -- Sessions of other tests must not make it wait.
  update backlog_internal.backfill set plan_snapshot = null;
  for n in 1..200 loop
    v := backlog.run_backfill_step(p_id);
    exit when not (v ->> 'more')::boolean;
  end loop;
  return (select b.state from backlog.backfills as b where b.backfill_id = p_id);
end $$;
create function pg_temp.make(variadic p_rest text[]) returns bigint language plpgsql as $$
declare v bigint;
begin
  execute format('select backlog.create_backfill(''p'', ''public.src'', %s)', array_to_string(p_rest, ', ')) into v;
  return v;
end $$;

-- The target made from the source's definition.
select is(pg_temp.go(pg_temp.make($$p_destination => '{"kind": "table", "table": "public.made"}'$$, 'p_create_target => true')), 'COMPLETED', 'a target is made on demand');
select results_eq('select * from public.made order by id', 'select * from public.src order by id', 'and is the same');
select results_eq(
  $$select a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated <> '', a.attidentity <> '' from pg_attribute as a where a.attrelid = 'public.made'::regclass and a.attnum > 0 order by a.attnum$$,
  $$values ('id', 'integer', true, false, false), ('name', 'text', true, false, false), ('total', 'numeric(10,2)', false, false, false), ('doc', 'json', false, false, false), ('twice', 'numeric', false, false, false), ('note', 'character varying(20)', false, false, false)$$,
  'with types and not null; generated columns are plain ones'
);
select is((select c.collname::text from pg_attribute as a join pg_collation as c on c.oid = a.attcollation where a.attrelid = 'public.made'::regclass and a.attname = 'note'), 'C', 'and collations');
select is((select pg_get_constraintdef(k.oid) from pg_constraint as k where k.conrelid = 'public.made'::regclass and k.contype = 'p'), 'PRIMARY KEY (id)', 'and the key');
update public.made set name = 'old' where id = 7;
select is(pg_temp.go(pg_temp.make($$p_destination => '{"kind": "table", "table": "public.made"}'$$, 'p_create_target => true')), 'COMPLETED', 'one that exists is used');
select is((select b.rows_written from backlog.backfills as b order by b.backfill_id desc limit 1), 1::bigint, 'only what differs is written');

-- Mapping, exclusion, casts; generated and identity columns of the target.
create table public.other (
  id int generated always as identity primary key, label text, total text, doc json, twice numeric generated always as (1) stored
);
select is(pg_temp.go(pg_temp.make($$p_destination => '{"kind": "table", "table": "public.other"}'$$, $$p_mapping => '{"name": "label", "note": null, "total": {"cast": "text"}}'$$)), 'COMPLETED', 'columns are renamed, left out and cast');
select results_eq('select o.id, o.label, o.total, o.twice from public.other as o where o.id = 7', $$values (7, 'n7', '7.00', 1::numeric)$$, 'identity is kept, what the target generates it generates');
insert into public.other (label) values ('new');
select is((select max(o.id) from public.other as o), 51, 'its sequence has moved on');
create table public.few (id bigint, name text);
select is(pg_temp.go(pg_temp.make($$p_destination => '{"kind": "table", "table": "public.few"}'$$, $$p_columns => array['id', 'name']$$, $$p_predicate => 'id % 10 = 0'$$)), 'COMPLETED', 'some columns, a predicate, no key: appended');
select results_eq('select f.id from public.few as f order by 1', 'select n::bigint from generate_series(10, 50, 10) as n', 'the rows that match');
select is((select b.write_mode from backlog.backfills as b order by b.backfill_id desc limit 1), 'append', 'without a key');

-- Tables by name, the queue view.
insert into backlog.backfill_queue (pipeline, table_name, filters, destination) values ('p', 'src', '[{"column": "id", "operator": "<=", "value": 5}]', '{"kind": "table", "table": "public.made"}');
select is((select q.state from backlog.backfill_queue as q order by q.backfill_id desc limit 1), 'PENDING', 'a plain insert makes one') ;
select throws_ok($$insert into backlog.backfill_queue (pipeline, table_name) values ('nope', 'src')$$, 'PB101', null, 'an unknown pipeline');
select is(pg_temp.make($$p_destination => '{"kind": "parquet", "path": "/tmp/x"}'$$, 'p_start => false') > 0, true, 'kinds of writers are not looked into');
select is((select b.pause_reason from backlog.backfills as b order by b.backfill_id desc limit 1), 'not started', 'one that is not to start waits');

-- What cannot work.
select throws_like(format('select pg_temp.make(%L)', a), 'PB302', m, m)
from (values
  ($$p_destination => null$$, 'the destination must be an object'),
  ($$p_destination => '{"kind": "Table"}'$$, 'the destination needs a kind%'),
  ($$p_destination => '{"kind": "table"}'$$, 'the destination names no table'),
  ($$p_destination => '{"kind": "table", "table": "public.nope"}'$$, 'there is no table ''public.nope'''),
  ($$p_destination => '{"kind": "table", "table": "public.src"}'$$, 'public.src cannot be the destination'),
  ($$p_destination => '{"kind": "postgres", "password": "x"}'$$, 'the destination holds a secret or an address'),
  ($$p_destination => '{"kind": "postgres", "more": {"db_Token" : "x"}}'$$, 'the destination holds a secret or an address'),
  ($$p_destination => '{"kind": "postgres", "connection": "postgresql://a:b@c/d", "table": "t"}'$$, 'the destination holds a secret or an address'),
  ($$p_destination => '{"kind": "table", "table": "public.few"}'$$, 'public.few has no column total, doc, twice, note'),
  ($$p_destination => '{"kind": "table", "table": "public.few", "mode": "upsert"}', p_columns => array['id', 'name']$$, 'no unique key of the destination%'),
  ($$p_destination => '{"kind": "table", "table": "public.few", "mode": "merge"}', p_columns => array['id', 'name']$$, 'the mode of a destination is%'),
  ($$p_destination => '{"kind": "table", "table": "public.made"}', p_columns => array['x']$$, 'public.src has no column x'),
  ($$p_destination => '{"kind": "table", "table": "public.made"}', p_mapping => '{"x": "y"}'$$, 'public.src has no column x'),
  ($$p_destination => '{"kind": "table", "table": "public.made"}', p_mapping => '{"name": 1}'$$, 'the mapping cannot be understood%'),
  ($$p_destination => '{"kind": "table", "table": "public.made"}', p_mapping => '{"name": {"cast": "int) --"}}'$$, 'there is no type%'),
  ($$p_destination => '{"kind": "table", "table": "public.made"}', p_mapping => '{"name": "note"}'$$, 'no column is left to copy, or two%'),
  ($$p_destination => '{"kind": "table", "table": "public.made"}', p_mapping => '{"total": "doc", "doc": null}'$$, 'rows of public.src do not fit into public.made%'),
  ($$p_destination => '{"kind": "table", "table": "public.other"}', p_mapping => '{"name": "label", "note": null, "total": "total", "doc": null}', p_consistency => 'converge', p_key => array['name']$$, 'no index of public.src begins with (name)'),
  ($$p_destination => '{"kind": "table", "table": "public.few"}', p_columns => array['id', 'name'], p_consistency => 'converge'$$, 'converge needs one unique key%'),
  ($$p_destination => '{"kind": "table", "table": "public.made"}', p_batch_size => 0$$, 'batch_size must be%'),
  ($$p_destination => '{"kind": "table", "table": "public.made"}', p_workers => 0$$, 'workers must be%'),
  ($$p_destination => '{"kind": "table", "table": "public.made"}', p_priority => 11$$, 'priority must be%'),
  ($$p_destination => '{"kind": "table", "table": "public.made"}', p_consistency => 'exact'$$, 'consistency must be%'),
  ($$p_destination => '{"kind": "table", "table": "public.made"}', p_on_error => 'skip'$$, 'on_error must be%'),
  ($$p_destination => '{"kind": "table", "table": "public.made"}', p_predicate => 'exists (select 1)'$$, 'the predicate cannot be used%'),
  ($$p_destination => '{"kind": "table", "table": "public.made"}', p_predicate => 'id > 0) or (random() > 2'$$, 'the predicate cannot be used%'),
  ($$p_destination => '{"kind": "table", "table": "public.made"}', p_incremental => '{"column": "name"}'$$, 'public.src cannot be followed by%'),
  ($$p_destination => '{"kind": "table", "table": "public.made"}', p_scan_size => 10$$, 'scan_size must be%')
) as x (a, m);

select * from finish();
rollback;
