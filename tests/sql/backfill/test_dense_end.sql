begin;
select plan(9);

select backlog.create_pipeline('p');
create table public.dense (id bigint primary key);
insert into public.dense select n from generate_series(-30000, 30000) as n where n % 11 <> 0;
create table public.sparse (id int primary key);
insert into public.sparse select n * 10 from generate_series(1, 20000) as n;
analyze public.dense, public.sparse;
create table public.dense_copy (like public.dense including all);
create table public.sparse_copy (like public.sparse including all);

create function public.chunk(p_lower text, p_upper text, p_rows bigint) returns backlog_internal.backfill_chunk
  language sql as $$
  select jsonb_populate_record(null::backlog_internal.backfill_chunk, jsonb_build_object(
    'kind', 'range', 'lower_key', array[p_lower], 'upper_key', array[p_upper], 'rows_estimated', p_rows
  ))
$$;
create function public.run(p_source text, p_target text) returns bigint language plpgsql as $$
declare
  v_id bigint := backlog.create_backfill(
    'p', p_source, p_destination => jsonb_build_object('kind', 'table', 'table', p_target), p_batch_size => 500
  );
begin
  update backlog_internal.backfill set plan_snapshot = null;
  while (backlog.run_backfill_step(v_id) ->> 'more')::boolean loop end loop;
  return v_id;
end
$$;

create table public.made as select public.run('public.dense', 'public.dense_copy') as id;
select results_eq(
  'select id from public.dense_copy order by id', 'select id from public.dense order by id', 'dense keys are copied'
);
select ok((select max(c.rows_scanned) <= 500 from backlog.backfill_chunks as c), 'no chunk has more than its rows');
select ok(
  (select percentile_disc(0.5) within group (order by c.rows_scanned) > 250 from backlog.backfill_chunks as c),
  'nor many of them much less'
);
truncate public.made;
insert into public.made select public.run('public.sparse', 'public.sparse_copy');
select results_eq(
  'select id from public.sparse_copy order by id', 'select id from public.sparse order by id', 'sparse ones as well'
);
select ok(
  (
    select percentile_disc(0.5) within group (order by c.rows_scanned) > 400
    from backlog.backfill_chunks as c
    join public.made as m on m.id = c.backfill_id
  ),
  'whose chunks are not the emptier for it'
);

create table public.b as
select b.* from backlog_internal.backfill as b where b.source_table = 'public.dense'::regclass;
select is(
  backlog_internal.dense_end((select b::text::backlog_internal.backfill from public.b as b), public.chunk('-5', '2000', 2000), 500),
  array['396'], 'so many keys are so many rows at most, and the parts are even'
);
select is(
  backlog_internal.dense_end((select b::text::backlog_internal.backfill from public.b as b), public.chunk('10', '300', 200), 500),
  array['300'], 'the end is no further than the chunk''s own'
);
select is(
  backlog_internal.dense_end((select b::text::backlog_internal.backfill from public.b as b), public.chunk('300', '10', 200), 500),
  array['10'], 'not even when the table has shrunk since the statistics were made'
);
select is(
  backlog_internal.dense_end((select b::text::backlog_internal.backfill from public.b as b), public.chunk('10', '90000', 200), 500),
  null::text[], 'and where keys have gaps it is not known'
);

select * from finish();
rollback;
