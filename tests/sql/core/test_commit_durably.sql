begin;
select plan(8);

select backlog.create_pipeline('p');
create table public.src (id bigint primary key, n int);
insert into public.src select n, n from generate_series(1, 1000) as n;
analyze public.src;
create table public.dst (like public.src including all);
create table public.run as
select backlog.create_backfill(
  'p', 'public.src', p_destination => '{"kind": "table", "table": "public.dst"}', p_batch_size => 100, p_workers => 1
) as id;
create function pg_temp.step(out action text, out commits text) language plpgsql as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  action := (select backlog.run_backfill_step(r.id) ->> 'action' from public.run as r);
  commits := current_setting('synchronous_commit');
end;
$$;

select is((select s.commits from pg_temp.step() as s), 'off', 'rows and checkpoint may be lost together');

-- A hook could act on the event of rows that a crash takes back, and again on the event of their next copy.
select backlog.register_hook('told', 'checkpoint');
select is((select s.commits from pg_temp.step() as s), 'on', 'what a hook hears of is on disk');
select backlog.drop_hook('told');
select is((select s.commits from pg_temp.step() as s), 'off', 'no hook, no wait');

do $$
begin
  for n in 1..100 loop
    exit when (select s.action from pg_temp.step() as s) = 'finished';
  end loop;
end;
$$;
select is((select b.state from backlog.backfills as b), 'COMPLETED', 'it has ended');
select is(current_setting('synchronous_commit'), 'on', 'and this is on disk');
select is((select count(*) from public.dst as d), 1000::bigint, 'all rows are there');

select set_config('synchronous_commit', 'remote_apply', true);
select backlog_internal.commit_durably();
select is(current_setting('synchronous_commit'), 'remote_apply', 'who waits for more goes on to do so');
select set_config('synchronous_commit', 'off', true);
select backlog_internal.commit_durably();
select is(current_setting('synchronous_commit'), 'on', 'who does not wait does so once');

select * from finish();
rollback;
