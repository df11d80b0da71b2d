begin;
select plan(6);

select backlog.create_pipeline('p');
create table public.src (id int primary key, name varchar(20));
insert into public.src select n, 'n' || n from generate_series(1, 40) as n;
create table public.dst (id int primary key, name varchar(20));
create table public.run as
select backlog.create_backfill(
  'p', 'public.src', p_destination => '{"kind": "table", "table": "public.dst"}', p_batch_size => 10
) as id;
update backlog_internal.backfill set plan_snapshot = null;

create function public.changes() returns text language sql as $$
  select backlog_internal.look_for_changes(b) from backlog_internal.backfill as b, public.run as r where b.backfill_id = r.id
$$;
select is(public.changes(), null, 'nothing changed');
select isnt(current_setting('backlog.backfill_seen'), '', 'which is remembered');
alter table public.src alter name type text;
select is(
  public.changes(), 'column public.src.name was character varying(20) and is text', 'a change is seen all the same'
);
alter table public.src alter name type varchar(20);
select is(public.changes(), null, 'and when it is undone');
select backlog.run_backfill_step(r.id) from public.run as r;
alter table public.dst alter name type varchar(30);
select is(
  (select backlog.run_backfill_step(r.id) ->> 'reason' from public.run as r),
  'column public.dst.name was character varying(20) and is character varying(30)', 'a step that finds one says so'
);
select is((select b.state from backlog.backfills as b), 'FAILED', 'and ends the backfill');

select * from finish();
rollback;
