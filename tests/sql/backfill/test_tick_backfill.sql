begin;
select plan(4);

select backlog.create_pipeline('p');
create table public.src (id int primary key, v text);
create table public.dst (like public.src including all);
insert into public.src select n, 'v' || n from generate_series(1, 20) as n;
create temp table made as
select backlog.create_backfill('p', 'public.src', p_destination => '{"kind": "table", "table": "public.dst"}', p_batch_size => 10) as id;
update backlog_internal.backfill set plan_snapshot = null;

-- All chunks are done, but whoever did the last one went away before it said so.
create function pg_temp.copy_all() returns bigint language plpgsql as $$
declare v jsonb;
begin
  loop
    v := backlog.run_backfill_step();
    exit when not exists (select from backlog_internal.backfill_chunk as c where c.state = 'PENDING')
      or not (v ->> 'more')::boolean;
  end loop;
  return (select count(*) from public.dst);
end $$;
select is(pg_temp.copy_all(), 20::bigint, 'every row is copied');
update backlog_internal.backfill as b set state = 'EXECUTING' where b.state <> 'EXECUTING';
select is((select b.state from backlog.backfills as b), 'EXECUTING', 'and the backfill goes on');
select lives_ok('select backlog_internal.tick_backfill()', 'the housekeeper comes by');
select is((select b.state from backlog.backfills as b), 'COMPLETED', 'and ends what waits for nothing');
select * from finish();
rollback;
