begin;
select plan(18);
set local test.now = '2030-01-01 12:00:00+00';

create table public.orders (id int primary key);
insert into public.orders select n from generate_series(1, 20) as n;
analyze public.orders;
select backlog.create_pipeline('shop');
create table public.run (name text, id bigint);
insert into public.run
select d.name, backlog.create_backfill(
  'shop', 'public.orders', p_batch_size => 10,
  p_destination => jsonb_build_object('kind', 'archive', 'connection', d.connection, 'table', d.name)
)
from (values ('a', 'broken'), ('b', 'broken'), ('c', 'sound')) as d (name, connection);

create function public.id_of(p_name text) returns bigint language sql as $$
  select r.id from public.run as r where r.name = p_name
$$;
-- A worker begins a chunk of a backfill, whatever else it finds.
create function public.begin_one(p_name text, out item bigint, out token bigint) language plpgsql as $$
declare
  v_answer jsonb;
begin
  loop
    select a.id, a.lock_token into item, token
    from backlog.acquire_retry_items('w', 1, 300, array['backfill.archive']) as a;
    exit when item is null;
    v_answer := backlog.begin_backfill_chunk(item, token);
    exit when v_answer ->> 'action' = 'run' and (v_answer ->> 'backfill_id')::bigint = public.id_of(p_name);
    if v_answer ->> 'action' = 'run' then
      perform backlog.release_retry_items(array[item], array[token]);
    end if;
  end loop;
end
$$;
create function public.fail_one(p_name text, p_code text) returns text language sql as $$
  select backlog.fail_backfill_chunk(f.item, f.token, 'connection broken cannot be opened', p_code)
  from public.begin_one(p_name) as f
$$;
create view public.waiting as
select r.name, b.throttle_reason, b.throttled_at
from public.run as r join backlog.backfills as b on b.backfill_id = r.id
where b.throttle_reason is not null;

-- One broken connection
select is(public.fail_one('a', 'AuxiliaryUnavailable'), 'retry', 'a destination that cannot be reached costs no chunk');
select results_eq(
  $$select b.channel_name, b.state from backlog.circuit_breakers as b order by b.channel_name$$,
  $$select r.id::text, 'open' from public.run as r where r.name in ('a', 'b') order by 1$$,
  'it trips the breakers of the backfills to that connection, and of no others'
);
select results_eq(
  $$select w.name, w.throttle_reason, w.throttled_at from public.waiting as w order by w.name$$,
  $$values ('a', 'circuit breaker open: connection broken cannot be opened', '2030-01-01 12:00:00+00'::timestamptz),
    ('b', 'circuit breaker open: connection broken cannot be opened', '2030-01-01 12:00:00+00')$$,
  'which is why they wait'
);
create table public.sound as select * from public.begin_one('c');
select isnt((select s.item from public.sound as s), null, 'the others go on');
select backlog.release_retry_items(array[s.item], array[s.token]) from public.sound as s;

-- It comes back
set local test.now = '2030-01-01 12:01:00+00';
create table public.probe as select * from public.begin_one('a');
select results_eq(
  $$select w.name, w.throttle_reason from public.waiting as w where w.name = 'a'$$,
  $$values ('a', 'circuit breaker half_open: connection broken cannot be opened')$$, 'then it is tried again'
);
select backlog.complete_backfill_chunk(p.item, p.token, '{"read": 10, "written": 10, "bytes": 10}')
from public.probe as p;
select is_empty($$select * from public.waiting as w where w.name = 'a'$$, 'and once it answers nothing waits');
select is((select max(i.retry_count) from backlog.retry_items as i), 0, 'no attempt was counted');
select isnt((select f.item from public.begin_one('b') as f), null, 'the other is tried as well');

-- Limits for a kind hold for all backfills of it, also after one of them was broken
select backlog.reset_circuit_breaker('backfill.archive', public.id_of('b')::text);
select backlog.set_retry_policy('backfill.archive', p_concurrency_limit => 1);
update backlog_internal.backfill set workers = 5;
set local test.now = '2030-01-01 12:10:00+00';
select is(public.fail_one('a', 'AuxiliaryUnavailable'), 'retry', 'broken again');
select is(
  (select count(*) from public.waiting as w where w.name in ('a', 'b')), 2::bigint, 'with limits it is the same'
);
create table public.other as select * from public.begin_one('c');
select isnt((select o.item from public.other as o), null, 'a backfill to elsewhere goes on');
select is_empty($$select f.item from public.begin_one('c') as f where f.item is not null$$, 'within the limit');
select backlog.release_retry_items(array[o.item], array[o.token]) from public.other as o;
select backlog.reset_circuit_breaker('backfill.archive', r.id::text) from public.run as r where r.name in ('a', 'b');
create table public.third as select * from public.begin_one('a');
select isnt((select t.item from public.third as t), null, 'after a reset by hand it goes on');
select is_empty($$select f.item from public.begin_one('c') as f where f.item is not null$$, 'under the limit of all again');
select backlog.release_retry_items(array[t.item], array[t.token]) from public.third as t;

-- By hand
select is(backlog.trip_circuit_breaker('backfill.archive', public.id_of('c')::text), 1, 'one can be tripped by hand');
select results_eq(
  $$select w.name, w.throttle_reason from public.waiting as w$$,
  $$values ('c', 'circuit breaker open: tripped by hand')$$, 'and shows it'
);
select backlog.reset_circuit_breaker('backfill.archive', public.id_of('c')::text);

-- An ordinary failure
select is(public.fail_one('c', 'ValueError'), 'retry', 'an ordinary failure is tried again later');
select is_empty('select * from public.waiting', 'and holds up nobody');

select * from finish();
rollback;
