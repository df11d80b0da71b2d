begin;
select plan(13);
select backlog.create_pipeline('p');
create table public.src (id int primary key, v int);
insert into public.src select n, n from generate_series(1, 20) as n;
create table public.dst (id int primary key, v int check (v <> 7));
select backlog.add_pipeline_table('p', 'public.src');
create function pg_temp.run() returns void language plpgsql as $$
begin
  while (backlog.run_backfill_step() ->> 'more')::boolean loop
  end loop;
end$$;
create function pg_temp.state() returns text language sql as $$select b.state from backlog.backfills as b$$;

-- A backfill that failed, and the dead letter of its chunk
select backlog.create_backfill('p', 'src', p_destination => '{"kind": "table", "table": "public.dst"}', p_on_error => 'fail');
select pg_temp.run();
select bag_eq(
  $$select i.source, i.state from backlog.incidents as i$$,
  $$values ('dead_letter', 'open'), ('backfill', 'open')$$, 'a chunk and its backfill are incidents'
);
create temp table i as select i.* from backlog.incidents as i;
select is(backlog.resolve_incident(i.incident_id, 'replay'), 'replaying', 'replaying that of the chunk')
from i where i.source = 'dead_letter';
select is(pg_temp.state(), 'PENDING', 'tries the backfill again');
select pg_temp.run();
select is(pg_temp.state(), 'FAILED', 'which fails if nothing was put right');
select is((select i.attempt from backlog.incidents as i where i.source = 'backfill' and i.state = 'open'), 2, 'and is the same incident');
update public.src set v = 70 where id = 7;
select is(backlog.resolve_incident(i.incident_id, 'replay', 'cured'), 'replaying', 'replaying that of the backfill')
from i where i.source = 'backfill';
select pg_temp.run();
select is(pg_temp.state(), 'COMPLETED', 'does the same');
select is_empty($$select from backlog.incidents as i where i.state not in ('resolved', 'dismissed')$$, 'and nothing is left open');
select throws_ok(
  (select format('select backlog.resolve_incident(%s, %L)', i.incident_id, 'replay') from i where i.source = 'backfill'),
  'PB204', null, 'it cannot be replayed once more'
);

-- A row that was refused
insert into public.src values (21, 7);
select backlog.create_backfill('p', 'src', p_destination => '{"kind": "table", "table": "public.dst"}');
select pg_temp.run();
-- Read a second time, when others were at work, it is refused a second time.
create temp table r as select i.* from backlog.incidents as i where i.state = 'open' order by i.incident_id limit 1;
select is((select r.record from r), '{"id": 21, "v": 7}', 'keeps what the source had');
update public.src set v = 8 where id = 21;
select throws_like(
  (select format('select backlog.resolve_incident(%s, %L)', r.incident_id, 'replay') from r),
  'PB204', '%the destination of backfill % refused the row', 'which is not given to the source again'
);
select is_empty('select from backlog.pipelines_to_load()', 'nothing is staged');
select is((select backlog.resolve_incident(r.incident_id, 'dismiss') from r), 'dismissed', 'it can be dismissed');
select * from finish();
rollback;
