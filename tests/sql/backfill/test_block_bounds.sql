begin;
select plan(14);

create table public.heap (n int, filler text);
insert into public.heap select n, repeat('x', 700) from generate_series(1, 200) as n;
analyze public.heap;
create materialized view public.kept as select h.n, h.filler from public.heap as h;
create table public.parent (n int);
create table public.child () inherits (public.parent);
select backlog.create_pipeline('p');
create function public.make(p_table text, p_consistency text = 'snapshot', p_filters jsonb = '[]') returns bigint
  language sql
as $$
  select backlog.create_backfill(
    'p', p_table, p_filters, '{"kind": "archive"}', p_consistency => p_consistency, p_batch_size => 30, p_workers => 1
  )
$$;
create function public.kinds(p_backfill_id bigint) returns text[] language sql as $$
  select array_agg(distinct c.kind) from backlog.backfill_chunks as c where c.backfill_id = p_backfill_id
$$;
create table public.runs as select public.make('public.heap') as id;

-- The chunks cover the table and what is still to come.
select is((select public.kinds(r.id) from public.runs as r), '{blocks}', 'a table without a key is cut by its blocks');
select is((select b.plan_kind from backlog.backfills as b), 'blocks', 'says its plan');
select cmp_ok((select count(*) from backlog.backfill_chunks as c), '>', 4::bigint, 'into many chunks');
select results_eq(
  $$select count(*) from backlog.backfill_chunks as c where c.lower_key is null
    union all select count(*) from backlog.backfill_chunks as c where c.upper_key is null$$,
  'values (1::bigint), (1)', 'the first and the last of which are open'
);
create function public.preview(p_table text, p_kind text = 'archive') returns jsonb language sql as $$
  select backlog.preview_backfill(
    'p', p_table, p_destination => jsonb_build_object('kind', p_kind, 'table', 'public.copy'),
    p_consistency => 'snapshot', p_batch_size => 30, p_create_target => true
  )
$$;
select results_eq(
  $$select p ->> 'plan', (p ->> 'chunks')::bigint, p ->> 'warnings' like '%vacuum waits until its snapshot is let go%'
    from public.preview('public.heap') as p$$,
  $$select 'blocks'::text, count(*), true from backlog.backfill_chunks as c$$, 'as a preview says'
);
select results_eq(
  $$select p ->> 'plan', (p ->> 'chunks')::int, p ->> 'warnings' like '%all rows are one chunk, read by one statement%'
    from public.preview('public.heap', 'table') as p$$,
  $$values ('whole'::text, 1, true)$$, 'a preview says as well where a snapshot makes one chunk'
);
insert into public.heap select n, repeat('x', 700) from generate_series(201, 300) as n;
create table public.read (chunk_id bigint, n int);
create function public.read_all() returns void language plpgsql as $$
declare
  v_chunk bigint;
begin
  truncate public.read;
  for v_chunk in select c.chunk_id from backlog.backfill_chunks as c, public.runs as r where c.backfill_id = r.id loop
    execute format(
      'insert into public.read select %s, q.n from (%s) as q', v_chunk, backlog.backfill_chunk_query(v_chunk) ->> 'query'
    );
  end loop;
end
$$;
select public.read_all();
select results_eq(
  'select count(*), count(distinct r.n), max(r.n) from public.read as r', 'values (300::bigint, 300::bigint, 300)',
  'together they read each row once, those of later blocks too'
);
select cmp_ok(
  (select max(x.n) from (select count(*) as n from public.read as r
    where r.chunk_id <> (select max(c.chunk_id) from backlog.backfill_chunks as c) group by r.chunk_id) as x),
  '<=', 40::bigint, 'a chunk about as many as a batch has'
);

-- Halved after a time-out, down to a block.
create function public.halve(p_id bigint) returns boolean language sql as $$
  select backlog_internal.split_chunk(b.*, c.*)
  from backlog_internal.backfill_chunk as c
  join backlog_internal.backfill as b on b.backfill_id = c.backfill_id
  where c.chunk_id = p_id
$$;
create table public.last as select max(c.chunk_id) as id from backlog.backfill_chunks as c;
select ok((select public.halve(l.id) from public.last as l), 'a range of blocks can be halved');
do $$ begin while (select public.halve(l.id) from public.last as l) loop null; end loop; end $$;
select is(
  (select c.upper_key[1]::int - c.lower_key[1]::int from backlog.backfill_chunks as c, public.last as l
   where c.chunk_id = l.id),
  1, 'down to one block'
);
select public.read_all();
select results_eq(
  'select count(*), count(distinct r.n) from public.read as r', 'values (300::bigint, 300::bigint)',
  'and each row is still read once'
);

-- Where it would not be exact, or not possible.
select is(public.kinds(public.make('public.heap', 'chunk')), '{whole}', 'without a snapshot rows could move between chunks');
select is(public.kinds(public.make('public.parent')), '{whole}', 'a table with others that inherit from it is one chunk');
select is(public.kinds(public.make('public.kept')), '{blocks}', 'a materialized view has blocks too');

select * from finish();
rollback;
