begin;
select plan(9);

create table public.orders (id int primary key, note text);
create table public.archive (id int primary key, note text);
insert into public.orders select n, 'n' from generate_series(1, 20) as n;
analyze public.orders;
select backlog.create_pipeline('shop');

create function public.sizes(p_id bigint) returns int[] language sql as $$
  select array[b.batch_size, b.scan_size] from backlog.backfills as b where b.backfill_id = p_id
$$;
select is(
  public.sizes(backlog.create_backfill('shop', 'orders', p_destination => '{"kind": "table", "table": "public.archive"}')),
  '{10000,100000}', 'a chunk for a table has 10,000 rows'
);
select is(
  public.sizes(backlog.create_backfill('shop', 'orders', p_destination => '{"kind": "mysql", "connection": "a", "table": "t"}')),
  '{10000,100000}', 'for another database as well'
);
select is(
  public.sizes(backlog.create_backfill('shop', 'orders', p_destination => '{"kind": "parquet", "path": "lake"}')),
  '{250000,2500000}', 'a file has more'
);
select is(
  public.sizes(backlog.create_backfill(
    'shop', 'orders', p_destination => '{"kind": "parquet", "path": "lake"}', p_batch_size => 500
  )),
  '{500,5000}', 'or as many as are asked for'
);

-- The same in the other ways to make one
insert into backlog.backfill_queue (pipeline, table_name, destination)
values ('shop', 'orders', '{"kind": "parquet", "path": "queued"}');
insert into backlog.backfill_queue (pipeline, table_name, destination, batch_size)
values ('shop', 'orders', '{"kind": "parquet", "path": "queued"}', 7);
select results_eq(
  $$select q.batch_size from backlog.backfill_queue as q where q.destination ->> 'path' = 'queued' order by 1$$,
  'values (7), (250000)', 'by an insert into the queue'
);
select results_eq(
  $$insert into backlog.backfill_queue (pipeline, table_name, destination)
    values ('shop', 'orders', '{"kind": "parquet", "path": "shown"}')
    returning batch_size, priority, consistency, filters::text$$,
  $$values (250000, 5, 'chunk', '[]')$$, 'which returns what was made of it'
);
select backlog.schedule_backfill('nightly', '1 day', jsonb_build_object(
  'pipeline', 'shop', 'table_name', 'orders', 'destination', '{"kind": "parquet", "path": "nightly"}'::jsonb
));
select backlog.tick();
select results_eq(
  $$select b.batch_size from backlog.backfills as b where b.destination ->> 'path' = 'nightly'$$,
  'values (250000)', 'and by schedule'
);
insert into public.orders select n, 'n' from generate_series(21, 30000) as n;
analyze public.orders;
select is(
  (backlog.preview_backfill('shop', 'orders', p_destination => '{"kind": "parquet", "path": "lake"}') -> 'chunks')::int,
  1, 'a preview counts with it'
);
select is(
  (backlog.preview_backfill('shop', 'orders', p_destination => '{"kind": "table", "table": "public.archive"}')
    -> 'chunks')::int, 3, 'for each kind'
);

select * from finish();
rollback;
