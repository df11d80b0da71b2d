begin;
select plan(4);

select backlog.create_pipeline('p');
create table public.src (id bigint primary key, n int);
insert into public.src select n * 3, n from generate_series(1, 20000) as n;
analyze public.src;
create table public.dst (like public.src including all);
create table public.run as
select backlog.create_backfill(
  'p', 'public.src', p_destination => '{"kind": "table", "table": "public.dst"}', p_batch_size => 10, p_workers => 1
) as id;
create view public.chunk as
select c.*, lag(c.upper_key) over (order by c.lower_key[1]::bigint nulls first) as ends_before
from backlog_internal.backfill_chunk as c
join public.run as r on r.id = c.backfill_id
where c.kind = 'range';
create table public.planned as select count(*) as ranges from public.chunk;

select backlog.run_backfill_step(r.id) from public.run as r;
select cmp_ok(
  (select count(*) from public.chunk as c), '>', (select p.ranges + 5 from public.planned as p), 'a range was cut into parts'
);
select is(
  (select count(*) from public.chunk as c where c.lower_key is distinct from c.ends_before), 0::bigint,
  'each begins where another ends'
);
select is(
  (
    select array_agg(i.id order by c.lower_key[1]::bigint) = array_agg(i.id order by i.id)
    from public.chunk as c
    join backlog_internal.retry_item as i on i.id = c.item_id
  ),
  true, 'they are in the queue in the order of their keys'
);
select is(
  (select count(*) from public.chunk as c where c.state = 'PENDING' and c.item_id is not null and not c.sized), 1::bigint,
  'only the rest is cut again'
);

select * from finish();
rollback;
