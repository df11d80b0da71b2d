begin isolation level repeatable read;
select plan(46);

create table public.orders (id int primary key, note text);
insert into public.orders select n, 'n' || n from generate_series(1, 40) as n;
analyze public.orders;
select backlog.create_pipeline('shop');

create function public.claim(p_backfill_id bigint, out answer jsonb, out id bigint, out token bigint)
  language plpgsql
as $$
begin
  loop
    select a.id, a.lock_token into id, token
    from backlog.acquire_retry_items('w' || clock_timestamp(), 1, 300, array['backfill.archive']) as a
    where (a.event_data ->> 'backfill_id')::bigint = p_backfill_id;
    exit when id is null;
    answer := backlog.begin_backfill_chunk(id, token);
    exit when answer ->> 'action' <> 'planned';
  end loop;
end
$$;
create function public.make(p_table text, variadic p_key text[] = null) returns bigint language sql as $$
  select backlog.create_backfill(
    'shop', p_table, p_destination => '{"kind": "archive"}', p_consistency => 'snapshot', p_batch_size => 10,
    p_workers => 1, p_key => p_key
  )
$$;
create function public.take(p_one record, p_number int = 1) returns boolean language plpgsql as $$
begin
  return backlog.share_backfill_snapshot(
    p_one.id, p_one.token,
    backlog.export_backfill_snapshot((p_one.answer ->> 'backfill_id')::bigint, p_number)
  );
end
$$;

-- Taking one.
create function public.seen(p_event jsonb) returns void language sql as 'select';
select backlog.register_sql_hook('h', 'public.seen(jsonb)', 'checkpoint', p_payload => 'records');
create table public.run as select public.make('public.orders') as id;
select is((select b.snapshot_held from backlog.backfills as b), false, 'nobody holds what nobody has taken');
select is(
  (select c.upper_key from backlog.backfill_chunks as c order by c.chunk_id desc limit 1), null,
  'the last chunk is open: the snapshot comes later than the plan'
);
create table public.one as select c.* from public.run as r, public.claim(r.id) as c;
select is((select o.answer ->> 'action' from public.one as o), 'hold', 'the first worker is to take a snapshot');
select is(
  (select c.attempts from backlog.backfill_chunks as c where c.item_id = (select o.id from public.one as o)), 0,
  'and has not begun its chunk yet'
);
create table public.facts as
select backlog.export_backfill_snapshot(r.id, 1) as facts from public.run as r;
select ok((select f.facts ->> 'name' from public.facts as f) is not null, 'it is exported under a name');
select is((select (f.facts ->> 'pid')::int from public.facts as f), pg_backend_pid(), 'by this process');
select ok(
  exists (
    select from pg_locks as l
    where l.locktype = 'advisory' and l.classid = 1346522182 and l.pid = pg_backend_pid()
      and l.objid = (select r.id * 64 + 1 from public.run as r)
  ),
  'whose lock everybody can see'
);
select is(
  (select backlog.share_backfill_snapshot(o.id, o.token, f.facts || '{"pid": 1}') from public.one as o, public.facts as f),
  false, 'a process that does not hold it cannot make it known'
);
select is(
  (select backlog.share_backfill_snapshot(o.id, o.token, f.facts || '{"number": 2}') from public.one as o, public.facts as f),
  false, 'nor can one with another number'
);
select throws_ok(
  'select backlog.share_backfill_snapshot(o.id, o.token + 1, f.facts) from public.one as o, public.facts as f',
  'PB001', null, 'nor one without a lease'
);
select is(
  (select backlog.share_backfill_snapshot(o.id, o.token, f.facts) from public.one as o, public.facts as f), true,
  'this one can'
);
select is(
  (select backlog.share_backfill_snapshot(o.id, o.token, f.facts) from public.one as o, public.facts as f), true,
  'twice, if the answer got lost'
);
select is(
  (select backlog.share_backfill_snapshot(o.id, o.token, f.facts || '{"name": "later"}') from public.one as o, public.facts as f),
  false, 'but who comes later has lost'
);
select throws_ok(
  'select backlog.export_backfill_snapshot(r.id, 1) from public.run as r', 'PB303', null,
  'and whoever begins later cannot export a snapshot of that number'
);
select results_eq(
  'select b.snapshot_held, b.snapshot_at is not null from backlog.backfills as b', 'values (true, true)',
  'the view shows that it is held, and since when'
);

-- Reading in it.
create table public.begun as
select backlog.begin_backfill_chunk(o.id, o.token) as answer from public.one as o;
select is((select b.answer ->> 'action' from public.begun as b), 'run', 'now the chunk is to be copied');
select is(
  (select b.answer -> 'snapshot' from public.begun as b),
  (select jsonb_build_object('name', f.facts ->> 'name', 'number', 1) from public.facts as f), 'in this snapshot'
);
select is((select backlog.backfill_snapshot_held(r.id, 1) from public.run as r), true, 'which is held');
select is((select backlog.backfill_snapshot_held(r.id, 2) from public.run as r), false, 'unlike another');
select is(
  (select backlog.keep_backfill_snapshot(r.id, f.facts) from public.run as r, public.facts as f), true,
  'while it runs it is wanted'
);
select backlog.pause_backfill(r.id) from public.run as r;
select is(
  (select backlog.keep_backfill_snapshot(r.id, f.facts) from public.run as r, public.facts as f), true,
  'and while it is paused'
);
select backlog.resume_backfill(r.id) from public.run as r;
select is(
  (select backlog.complete_backfill_chunk(o.id, o.token, '{"read": 10, "written": 10, "bytes": 5, "snapshot": 1}') ->> 'state'
   from public.one as o),
  'EXECUTING', 'a chunk that was read in it counts'
);

select results_eq(
  $$select e.record_count, e.records from backlog_internal.event as e where e.kind = 'checkpoint'$$,
  'values (10, null::jsonb)', 'its event has no records: as of the snapshot they cannot be read again'
);

-- Another session has imported it and steps in for the first one, whose process is gone.
update backlog_internal.backfill as b set snapshot_pid = 0, snapshot_name = 'gone';
select is(
  (select backlog.keep_backfill_snapshot(r.id, f.facts) from public.run as r, public.facts as f), true,
  'it is still wanted'
);
select results_eq(
  'select b.snapshot_name, b.snapshot_pid from backlog_internal.backfill as b',
  $$select f.facts ->> 'name', pg_backend_pid() from public.facts as f$$,
  'and the one who holds it as well makes its own name known'
);

-- It is lost.
create function public.lose() returns void language sql as $$
  -- As if the session was gone: this number nobody has a lock for.
  update backlog_internal.backfill as b set snapshot_number = 2 where b.state in ('PENDING', 'EXECUTING')
$$;
select public.lose();
select is((select b.snapshot_held from backlog.backfills as b), false, 'nobody holds it any more');
select is(
  (select backlog.keep_backfill_snapshot(r.id, f.facts) from public.run as r, public.facts as f), false,
  'a snapshot that is not the one of the backfill is not wanted'
);
create table public.two as select c.* from public.run as r, public.claim(r.id) as c;
select is((select t.answer ->> 'action' from public.two as t), 'drop', 'no chunk is begun');
select results_eq(
  $$select b.state, b.reason like 'no session holds its snapshot of % any more, % Create a new backfill.'
    from backlog.backfills as b$$,
  $$values ('FAILED', true)$$, 'the backfill has failed, since chunks were copied, and says why'
);
select throws_like(
  'select backlog.resume_backfill(r.id) from public.run as r', 'PB304', '%no session holds its snapshot of%',
  'it cannot be resumed'
);
select throws_ok('select backlog.retry_backfill(r.id) from public.run as r', 'PB304', null, 'nor retried');

-- It is lost before anything was copied.
update public.run set id = public.make('public.orders');
update public.one as o set (answer, id, token) = (select c.* from public.run as r, public.claim(r.id) as c);
select is((select public.take(o) from public.one as o), true, 'a snapshot is taken');
select is(
  (select backlog.begin_backfill_chunk(o.id, o.token) ->> 'action' from public.one as o), 'run', 'a chunk is begun'
);
select public.lose();
select is(
  (select backlog.begin_backfill_chunk(o.id, o.token) - 'reason' from public.one as o),
  (select jsonb_build_object('action', 'hold', 'backfill_id', r.id, 'number', 3) from public.run as r),
  'then another one is to be taken'
);
select is(
  (select backlog.complete_backfill_chunk(o.id, o.token, '{"read": 10, "written": 10, "bytes": 5, "snapshot": 1}') ->> 'state'
   from public.one as o),
  'FAILED', 'what was copied in the first one goes with nothing'
);
select matches(
  (select b.reason from backlog.backfills as b, public.run as r where b.backfill_id = r.id),
  'a chunk was copied in its snapshot 1, which is lost', 'says the backfill'
);

-- The table's files are replaced under it.
create table public.parts (id int not null, at int not null, primary key (at, id)) partition by range (at);
create table public.part_1 partition of public.parts for values from (0) to (10);
create table public.loose (like public.parts including all);
create function public.after(p_change text, out action text, out reason text) language plpgsql as $$
declare
  v_one    record;
  v_answer jsonb;
begin
  v_one := public.claim(public.make('public.parts'));
  perform public.take(v_one);
  begin
    -- A table that this very transaction has made would be truncated in place.
    execute p_change;
  exception
    when division_by_zero then
      raise;
  end;
  v_answer := backlog.begin_backfill_chunk(v_one.id, v_one.token);
  action := v_answer ->> 'action';
  reason := v_answer ->> 'reason';
  perform backlog.cancel_backfill((v_one.answer ->> 'backfill_id')::bigint);
end
$$;
select results_eq(
  $$select * from public.after('insert into public.parts values (1, 1)')$$,
  $$values ('run'::text, null::text)$$, 'rows may change'
);
select is(
  (select a.action from public.after('create table public.part_2 partition of public.parts for values from (10) to (20)') as a),
  'run', 'a partition may be added that holds nothing yet'
);
select matches(
  (select a.reason from public.after(c.change) as a), 'public.parts or a part of it was truncated, rewritten, attached or detached',
  c.change
)
from (
  values
    ('truncate public.part_1'),
    ('cluster public.part_1 using part_1_pkey'),
    ('alter table public.parts detach partition public.part_2'),
    ('alter table public.parts attach partition public.loose for values from (20) to (30)'),
    ('drop table public.part_1')
) as c (change);

-- What cannot share one.
create view public.seen as select o.* from public.orders as o;
select backlog.register_backfill_view('public.seen', array['id']);
create foreign data wrapper wire;
create server elsewhere foreign data wrapper wire;
create table public.base (id int primary key);
create foreign table public.far () inherits (public.base) server elsewhere;
create function public.chunks(p_backfill_id bigint) returns text language sql as $$
  select string_agg(c.kind, ' ') from backlog.backfill_chunks as c where c.backfill_id = p_backfill_id
$$;
select is(public.chunks(public.make('public.seen')), 'whole', 'a view is read by one statement');
select results_eq(
  $$select t.name, backlog_internal.shares_snapshot(
      jsonb_populate_record(null::backlog_internal.backfill, jsonb_build_object(
        'source_table', t.name, 'consistency', 'snapshot', 'kind', 'archive'
      ))
    )
    from unnest(array['public.base', 'public.orders']) as t (name)$$,
  $$values ('public.base'::text, false), ('public.orders', true)$$, 'so is a table with a part on another server'
);
select is(
  public.chunks(backlog.create_backfill(
    'shop', 'public.orders', p_destination => '{"kind": "table", "table": "public.copy"}', p_create_target => true,
    p_consistency => 'snapshot'
  )),
  'whole', 'and whatever goes to a table of this database'
);

select * from finish();
rollback;
