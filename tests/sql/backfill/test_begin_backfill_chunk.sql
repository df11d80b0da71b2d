begin;
select plan(20);

create table public.orders (id int primary key, amount numeric(10, 2) not null, note text);
insert into public.orders select n, n, 'n' || n from generate_series(1, 40) as n;
analyze public.orders;
select backlog.create_pipeline('shop');
create table public.run as
select backlog.create_backfill(
  'shop', 'public.orders', '[{"column": "id", "operator": "<=", "value": 30}]',
  '{"kind": "archive", "place": "x"}', p_mapping => '{"note": {"column": "remark", "cast": "varchar(20)"}}',
  p_batch_size => 10, p_workers => 1
) as id;

create function public.claim() returns table (id bigint, token bigint) language sql as $$
  select a.id, a.lock_token
  from backlog.acquire_retry_items('w' || clock_timestamp(), 1, 300, array['backfill.archive']) as a
$$;
create function public.begin_one(out answer jsonb, out id bigint, out token bigint) language plpgsql as $$
begin
  loop
    select c.id, c.token into id, token from public.claim() as c;
    answer := backlog.begin_backfill_chunk(id, token);
    exit when answer ->> 'action' <> 'planned';
  end loop;
end
$$;

create table public.first as select * from public.begin_one();
select is((select f.answer ->> 'action' from public.first as f), 'run', 'a chunk may be copied');
select is((select f.answer -> 'destination' ->> 'place' from public.first as f), 'x', 'the destination is told');
select is(
  (select f.answer -> 'columns' from public.first as f),
  '[{"name": "id", "type": "integer", "bytewise": false, "not_null": true},
    {"name": "amount", "type": "numeric(10,2)", "bytewise": false, "not_null": true},
    {"name": "remark", "type": "character varying(20)", "bytewise": false, "not_null": false}]'::jsonb,
  'columns have the names and types that they have in the destination'
);
select is((select f.answer -> 'key' from public.first as f), '["id"]'::jsonb, 'so has the key');
select is((select f.answer ->> 'mode' from public.first as f), 'upsert', 'rows with a key are upserted');
select is(
  (select (f.answer ->> 'fence')::bigint from public.first as f), (select f.token from public.first as f),
  'the lock token is the fence'
);
create table public.read (id int, amount numeric, remark text);
do $$ begin execute 'insert into public.read ' || (select f.answer ->> 'query' from public.first as f); end $$;
select is((select count(*) from public.read), 10::bigint, 'the query reads the rows of one batch');
select is((select b.state from backlog.backfills as b), 'EXECUTING', 'the backfill has begun');
select is(
  (select backlog_internal.backfill_obstacle(jsonb_populate_record(b, '{"state": "PENDING"}')) from backlog_internal.backfill as b),
  null, 'and does not have to wait for itself, says a worker who looked at it before that'
);

create table public.second as select c.* from public.claim() as c;
select is(
  (select backlog.begin_backfill_chunk(s.id, s.token) ->> 'action' from public.second as s), 'crowded',
  'a second worker is not wanted where one may work'
);
select throws_ok(
  'select backlog.begin_backfill_chunk(s.id, s.token) from public.second as s', 'PB001', null,
  'and does not hold its item any more'
);

select is(
  (select backlog.complete_backfill_chunk(f.id, f.token, '{"read": 10, "written": 9, "bytes": 500}',
    '[{"record": {"id": 3}, "error": "no", "error_code": "22000", "constraint": null}]')
   from public.first as f),
  '{"state": "EXECUTING", "phase": "copy"}'::jsonb, 'the chunk is completed'
);
select results_eq(
  $$select c.rows_matched, c.rows_written, c.rows_refused, c.bytes from backlog.backfill_chunks as c
    where c.state = 'COMPLETED'$$,
  $$values (10::bigint, 9::bigint, 1::bigint, 500::bigint)$$, 'with what it came to'
);
select is((select i.record ->> 'id' from backlog.incidents as i), '3', 'the row refused is an incident');
select throws_ok(
  $$select backlog.complete_backfill_chunk(f.id, f.token, '{}') from public.first as f$$, 'PB002', null,
  'nothing is completed twice'
);

select is(
  (select backlog.backfill_chunk_query((f.answer ->> 'chunk_id')::bigint) ->> 'query' from public.first as f),
  (select f.answer ->> 'query' from public.first as f), 'what was to be copied can be asked for later'
);
select throws_ok('select backlog.backfill_chunk_query(-1)', 'PB301', null, 'but not for a chunk that never was');

select backlog.pause_backfill(r.id, 'lunch') from public.run as r;
select is((select b.answer from public.begin_one() as b), '{"action": "drop", "reason": "paused: lunch"}'::jsonb,
  'nothing is begun while it is paused');
select backlog.resume_backfill(r.id) from public.run as r;
create table public.third as select * from public.begin_one();
select is((select t.answer ->> 'action' from public.third as t), 'run', 'a backfill that is resumed goes on');

do $$
declare
  v_one record;
begin
  perform backlog.complete_backfill_chunk(t.id, t.token, '{"read": 10, "written": 10, "bytes": 5}') from public.third as t;
  loop
    exit when (select b.state from backlog.backfills as b) = 'COMPLETED';
    v_one := public.begin_one();
    if v_one.answer ->> 'action' = 'run' then
      perform backlog.complete_backfill_chunk(v_one.id, v_one.token, '{"read": 10, "written": 10, "bytes": 5}');
    end if;
  end loop;
end
$$;
select is((select b.percent from backlog.backfills as b), 100.0, 'the last chunk completes the backfill');

select * from finish();
rollback;
