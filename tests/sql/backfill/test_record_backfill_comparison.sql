begin;
select plan(31);

create table public.src (id int primary key, name text);
insert into public.src select n, 'n' || n from generate_series(1, 100) as n;
analyze public.src;
select backlog.create_pipeline('p');
create function pg_temp.copied(p_kind text, p_mode text) returns bigint language plpgsql as $$
declare
  v_id bigint := backlog.create_backfill('p', 'src', p_destination => jsonb_build_object('kind', p_kind, 'mode', p_mode), p_batch_size => 50);
  v_item record;
begin
  update backlog_internal.backfill set plan_snapshot = null;
  perform pg_temp.work(p_kind);
  return v_id;
end $$;
create function pg_temp.work(p_kind text) returns int language plpgsql as $$
declare
  v_item  record;
  v_order jsonb;
  v_done  int := 0;
begin
  loop
    select a.id, a.lock_token into v_item from backlog.acquire_retry_items('w', 1, 300, array['backfill.' || p_kind]) as a;
    exit when not found;
    v_order := backlog.begin_backfill_chunk(v_item.id, v_item.lock_token);
    continue when v_order ->> 'action' <> 'run';
    v_done := v_done + 1;
    perform backlog.complete_backfill_chunk(v_item.id, v_item.lock_token, '{"read": 1, "written": 1, "bytes": 1}');
  end loop;
  return v_done;
end $$;
create function pg_temp.facts(p_chunk bigint, p_there int, p_differences jsonb = '[]') returns jsonb language sql as $$
  select jsonb_build_object(
    'fence', backlog.backfill_chunk_query(p_chunk) -> 'comparison' -> 'fence', 'source_rows', 50, 'source_checksum', 7,
    'destination_rows', p_there, 'destination_checksum', 7, 'differences', p_differences
  )
$$;
create function pg_temp.chunk(p_place int) returns bigint language sql as $$
  select c.chunk_id from backlog.backfill_chunks as c
  where c.backfill_id = (select max(b.backfill_id) from backlog.backfills as b) and c.kind = 'range'
  order by c.lower_key[1]::int nulls first offset p_place limit 1
$$;
create temp table made as select pg_temp.copied('x', 'upsert') as id;
select is((select b.state from backlog.backfills as b), 'COMPLETED', 'a backfill to a writer''s destination');

-- What a client is told.
select is(backlog.backfill_chunk_query(pg_temp.chunk(0)) -> 'comparison' -> 'match', '["id"]'::jsonb, 'by what rows are found');
select is(backlog.backfill_chunk_query(pg_temp.chunk(0)) -> 'comparison' -> 'whole_range', 'true'::jsonb, 'that nothing else should be in the range');
select results_eq(backlog.backfill_chunk_query(pg_temp.chunk(1)) -> 'comparison' ->> 'query' || ' limit 1', $$values (51, 'n51', '["51"]')$$, 'and how the rows are read with their keys');

-- What a client says.
select is(backlog.record_backfill_comparison(pg_temp.chunk(0), pg_temp.facts(pg_temp.chunk(0), 50)), true, 'equal');
select results_eq('select c.source_rows, c.source_checksum, c.destination_rows, c.destination_checksum, c.verified_at is not null from backlog.backfill_chunks as c where c.chunk_id = pg_temp.chunk(0)', 'values (50::bigint, 7::numeric, 50::bigint, 7::numeric, true)', 'is kept');
select is(backlog.record_backfill_comparison(pg_temp.chunk(1), pg_temp.facts(pg_temp.chunk(1), 49, '[{"key": ["60"], "problem": "missing"}, {"key": ["61"], "problem": "different"}, {"key": ["101"], "problem": "extra"}]')), false, 'different');
select is(backlog.record_backfill_comparison(pg_temp.chunk(1), pg_temp.facts(pg_temp.chunk(1), 49, '[{"key": ["60"], "problem": "missing"}, {"key": ["61"], "problem": "different"}, {"key": ["101"], "problem": "extra"}]')), false, 'once more');
select results_eq('select d.key, d.problem from backlog.backfill_differences as d order by d.key[1]::int', $$values ('{60}'::text[], 'missing'), ('{61}', 'different'), ('{101}', 'extra')$$, 'is kept by key');
select throws_ok('select backlog.record_backfill_comparison(0, pg_temp.facts(pg_temp.chunk(0), 50))', 'PB301', null, 'an unknown chunk');
select throws_ok($$select backlog.record_backfill_comparison(pg_temp.chunk(0), pg_temp.facts(pg_temp.chunk(0), 50) || '{"fence": 1}')$$, 'PB303', null, 'another fence: it was written meanwhile');
select throws_ok($$select backlog.record_backfill_comparison(pg_temp.chunk(0), '[]')$$, 'PB003', null, 'no object');
select throws_ok($$select backlog.record_backfill_comparison(pg_temp.chunk(0), pg_temp.facts(pg_temp.chunk(0), 50) - 'source_rows')$$, 'PB003', null, 'no count');
select throws_ok($$select backlog.record_backfill_comparison(pg_temp.chunk(0), pg_temp.facts(pg_temp.chunk(0), 50, '{}'))$$, 'PB003', null, 'no array of differences');
select throws_ok($$select backlog.record_backfill_comparison(pg_temp.chunk(0), pg_temp.facts(pg_temp.chunk(0), 50, '[{"key": ["1", "2"], "problem": "missing"}]'))$$, 'PB003', null, 'a key of too many values');
select throws_ok($$select backlog.record_backfill_comparison(pg_temp.chunk(0), pg_temp.facts(pg_temp.chunk(0), 50, '[{"key": ["1"], "problem": "odd"}]'))$$, 'PB003', null, 'an unknown problem');

-- Repaired by key.
select is(backlog.repair_backfill((select m.id from made as m)), 3::bigint, 'keys to repair');
select results_eq('select b.state, b.reason from backlog.backfills as b', $$values ('PENDING', 'repairs 3 keys and 0 chunks')$$, 'there is work again');
create temp table repair as select backlog.backfill_chunk_query(c.chunk_id) as query from backlog.backfill_chunks as c where c.kind = 'repair';
select bag_eq((select r.query ->> 'query' from repair as r), $$values (60, 'n60'), (61, 'n61')$$, 'what is read again');
select results_eq((select r.query ->> 'gone' from repair as r), 'values (101)', 'and what is deleted');
select throws_ok($$select backlog.record_backfill_comparison(pg_temp.chunk(0), pg_temp.facts(pg_temp.chunk(0), 50))$$, 'PB303', null, 'nothing is compared meanwhile');
select is(pg_temp.work('x'), 1, 'the keys are one chunk');
select is((select count(*) from backlog.backfill_differences), 0::bigint, 'after which no difference is known');
select is(backlog.repair_backfill((select m.id from made as m)), 0::bigint, 'nor to be repaired');

-- A chunk as a whole.
create temp table whole as select pg_temp.copied('parquet', null) as id, pg_temp.chunk(0) as chunk_id;
select backlog.record_backfill_comparison(pg_temp.chunk(0), pg_temp.facts(pg_temp.chunk(0), 49, '[{"key": ["6"], "problem": "missing"}]'));
select is(backlog.repair_backfill((select w.id from whole as w)), 1::bigint, 'a file is repaired as a whole');
select is(backlog.backfill_chunk_query(pg_temp.chunk(0)) ->> 'replaces', (select w.chunk_id::text from whole as w), 'by a chunk that replaces it');
select isnt(pg_temp.chunk(0), (select w.chunk_id from whole as w), 'under another number');

-- What cannot be repaired.
create temp table appended as select pg_temp.copied('y', 'append') as id;
select backlog.record_backfill_comparison(pg_temp.chunk(0), pg_temp.facts(pg_temp.chunk(0), 49, '[{"key": ["6"], "problem": "missing"}]'));
select throws_ok('select backlog.repair_backfill((select a.id from appended as a))', 'PB302', null, 'what only appends is not repaired');
select is((select b.state from backlog.backfills as b where b.backfill_id = (select a.id from appended as a)), 'COMPLETED', 'and stays as it is');

select results_eq($$select r.role, has_function_privilege(r.role, 'backlog.record_backfill_comparison(bigint, jsonb)', 'execute') from unnest(array['backlog_worker', 'backlog_operator', 'backlog_monitor', 'backlog_producer']) as r (role)$$, $$values ('backlog_worker', true), ('backlog_operator', true), ('backlog_monitor', false), ('backlog_producer', false)$$, 'who may say what was found');
set local role backlog_worker;
select throws_ok($$select backlog.record_backfill_comparison(0, '{}')$$, 'PB301', null, 'does so without any right on tables');
reset role;

select * from finish();
rollback;
