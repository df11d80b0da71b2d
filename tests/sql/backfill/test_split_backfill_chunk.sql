begin;
select plan(9);

create table public.orders (id int primary key, amount numeric);
insert into public.orders select n, n from generate_series(1, 8) as n;
analyze public.orders;
select backlog.create_pipeline('shop');
create table public.run as
select backlog.create_backfill('shop', 'public.orders', p_destination => '{"kind": "archive"}') as id;

create function public.begin_one(out answer jsonb, out id bigint, out token bigint) language plpgsql as $$
begin
  loop
    select a.id, a.lock_token into id, token
    from backlog.acquire_retry_items('w', 1, 300, array['backfill.archive']) as a;
    exit when id is null;
    answer := backlog.begin_backfill_chunk(id, token);
    exit when answer ->> 'action' <> 'planned';
  end loop;
end
$$;

create table public.first as select * from public.begin_one();
select ok((select backlog.split_backfill_chunk(f.id, f.token) from public.first as f), 'a chunk can be halved');
select is((select count(*) from backlog.backfill_chunks as c), 2::bigint, 'the halves are chunks');
select throws_ok(
  'select backlog.split_backfill_chunk(f.id, f.token) from public.first as f', 'PB001', null,
  'it is not the worker''s any more'
);
create table public.counted (n bigint);
do $$
declare
  v_one record;
begin
  for v_part in 1..2 loop
    v_one := public.begin_one();
    execute format('insert into public.counted select count(*) from (%s) as q', v_one.answer ->> 'query');
    if v_part = 1 then
      perform backlog.fail_backfill_chunk(v_one.id, v_one.token, 'no such thing', 'PermanentError');
    else
      perform backlog.complete_backfill_chunk(v_one.id, v_one.token, '{"read": 4, "written": 4, "bytes": 4}');
    end if;
  end loop;
end
$$;
select bag_eq('select n from public.counted', 'values (4::bigint), (4::bigint)', 'each has half of the rows');
select results_eq(
  $$select c.state, c.error from backlog.backfill_chunks as c order by c.state$$,
  $$values ('COMPLETED', null), ('FAILED', 'no such thing')$$, 'a chunk that is given up has failed'
);
select is((select b.state from backlog.backfills as b), 'FAILED', 'and with it the backfill, once nothing is left to do');

select is((select backlog.retry_backfill(r.id) from public.run as r), 1, 'what failed can be tried again');
create table public.last as select * from public.begin_one();
select is(backlog.backfill_chunk_stop((select l.id from public.last as l), (select l.token from public.last as l)), null,
  'nothing stops a chunk');
select backlog.cancel_backfill(r.id) from public.run as r;
select is(
  backlog.backfill_chunk_stop((select l.id from public.last as l), (select l.token from public.last as l)),
  'the backfill is CANCELLED', 'but the end of its backfill'
);

select * from finish();
rollback;
