begin;
select plan(6);

select backlog.create_pipeline('p');
create table public.src (id bigint primary key, n int);
insert into public.src select n, n from generate_series(1, 30000) as n;
analyze public.src;
create table public.dst (like public.src including all);
create table public.run as
select backlog.create_backfill(
  'p', 'public.src', p_destination => '{"kind": "table", "table": "public.dst"}', p_batch_size => 100, p_workers => 1
) as id;
update backlog_internal.backfill set plan_snapshot = null;

select ok((select count(*) > 5 from backlog_internal.backfill_chunk as c), 'more ranges than workers');
select is(
  (select count(*) from backlog_internal.backfill_chunk as c where c.item_id is not null), 1::bigint,
  'only the first is in the queue'
);
do $$
begin
  while (backlog.run_backfill_step() ->> 'more')::boolean loop end loop;
end
$$;
select results_eq('select id, n from public.dst order by id', 'select id, n from public.src order by id', 'all are copied');
select is_empty(
  $$
  select
  from (
    select d.id, lag(d.id) over (order by d.ctid) as earlier
    from public.dst as d
  ) as d
  where d.earlier > d.id
  $$, 'in the order of their keys'
);

-- One chunk that waits for its retry keeps nobody waiting.
truncate public.run;
alter table public.dst add constraint odd check (n <> 50) not valid;
delete from public.dst;
insert into public.run
select backlog.create_backfill(
  'p', 'public.src', p_destination => '{"kind": "table", "table": "public.dst"}', p_batch_size => 100, p_workers => 1,
  p_on_error => 'fail'
) as id;
update backlog_internal.backfill set plan_snapshot = null;
select isnt(
  (select backlog.run_backfill_step(r.id) ->> 'action' from public.run as r), 'copied', 'the first chunk fails'
);
select is(
  (select count(*) from backlog_internal.backfill_chunk as c join public.run as r on r.id = c.backfill_id where c.item_id is null),
  0::bigint, 'then all others are in the queue'
);

select * from finish();
rollback;
