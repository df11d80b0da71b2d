begin;
select plan(36);
set local test.now = '2030-01-01 00:00:00+00';

create table public.plane (tail text primary key, seats int);
create table public.flight (id int primary key, tail text references public.plane, delay int, v int);
select backlog.create_pipeline('f');
select backlog.add_pipeline_table('f', 'public.flight', p_on_foreign_key => 'park', p_park_seconds => 3600, p_on_malformed => 'quarantine_row', p_version_column => 'v');
select backlog.add_pipeline_table('f', 'public.plane', p_on_malformed => 'quarantine_row');

insert into public.delta_flight values (1, 'A', 1, 1), (2, 'B', 1, 1), (3, null, 1, 1);
select results_eq(
  $$select l.outcome, l.inserted, l.parked, l.rejected from backlog.load_pipeline('f') as l$$,
  $$values ('loaded', 1::bigint, 2::bigint, 0::bigint)$$, 'orphans are parked, and block nobody'
);
select results_eq(
  'select q.state, q.row_data ->> ''id'', q.parked_until from backlog.quarantine as q order by 2',
  $$values ('parked', '1', timestamptz '2030-01-01 01:00:00+00'), ('parked', '2', '2030-01-01 01:00:00+00')$$, 'for a while'
);
create temp table seen as select q.quarantine_row_id, q.xmin::text as version from backlog_internal.quarantine_row as q;

-- Fetched again, unchanged: the same parked row, not written again.
set local test.now = '2030-01-01 00:10:00+00';
insert into public.delta_flight values (1, 'A', 1, 1), (2, 'B', 5, 1);
select results_eq(
  $$select l.parked, l.duplicates, l.received from backlog.load_pipeline('f') as l$$,
  'values (2::bigint, 2::bigint, 4::bigint)', 'the same orphan again takes the place of the parked one'
);
select is((select count(*) from backlog.quarantine), 2::bigint, 'and is not parked twice');
select results_eq(
  'select q.row_data ->> ''id'', q.row_data ->> ''delay'', q.parked_until from backlog.quarantine as q order by 1',
  $$values ('1', '1', timestamptz '2030-01-01 01:00:00+00'), ('2', '5', '2030-01-01 01:00:00+00')$$, 'its wait is not prolonged; its newer values count'
);

-- The parent comes, in the same load or before.
insert into public.delta_plane values ('A', 100);
select results_eq(
  $$select l.inserted, l.parked from backlog.load_pipeline('f') as l$$, 'values (2::bigint, 1::bigint)', 'with the parent the row loads by itself'
);
select results_eq(
  'select q.row_data ->> ''id'', q.state, q.closed_at from backlog.quarantine as q order by 1',
  $$values ('1', 'replayed', timestamptz '2030-01-01 00:10:00+00'), ('2', 'parked', null)$$, 'and is closed'
);

-- Too long.
set local test.now = '2030-01-01 01:00:01+00';
select is((backlog_internal.tick_load() ->> 'parked_rows_aged')::int, 1, 'the wait ends');
select is((select q.state from backlog.quarantine as q where q.row_data ->> 'id' = '2'), 'waiting', 'then a person must look');
select is((select l.outcome from backlog.load_pipeline('f') as l), 'empty', 'and loads pass it over');

-- Replay.
select is((select count(*) from backlog.replay_quarantine('{"rule": "check"}')), 0::bigint, 'a filter that nothing matches');
select results_eq(
  $$select r.table_name, r.outcome from backlog.replay_quarantine('{"pipeline": "f", "column": "tail", "value": "B"}', 10, true) as r$$,
  $$values ('flight', 'would replay')$$, 'a dry run tells'
);
select is((select q.state from backlog.quarantine as q where q.row_data ->> 'id' = '2'), 'waiting', 'and changes nothing');
select is((select r.outcome from backlog.replay_quarantine('{"table": "flight", "rule": "foreign_key"}') as r), 'replaying', 'replay');
select results_eq('select p.pipeline, p.reason from backlog.pipelines_to_load() as p', $$values ('f', 'quarantined rows are to be replayed')$$, 'makes a load due');
select results_eq(
  $$select l.parked, l.inserted from backlog.load_pipeline('f') as l$$, 'values (1::bigint, 0::bigint)', 'still without parent it is parked anew'
);
select is((select q.parked_until from backlog.quarantine as q where q.row_data ->> 'id' = '2'), timestamptz '2030-01-01 02:00:01+00', 'for another while');
insert into public.plane values ('B', 1);
select is((select l.inserted from backlog.load_pipeline('f') as l), 1::bigint, 'a parent that came by other ways counts as well');

-- A newer row wins over a replayed one.
insert into public.delta_flight values (7, 'Z', 1, 1);
select backlog.load_pipeline('f');
insert into public.plane values ('Z', 1);
insert into public.flight values (7, 'Z', 9, 2);
select results_eq($$select l.outdated, l.updated from backlog.load_pipeline('f') as l$$, 'values (1::bigint, 0::bigint)', 'an old row never replaces a newer one');
select is((select f.delay from public.flight as f where f.id = 7), 9, 'indeed');
insert into public.delta_flight values (8, 'Y', 1, 1);
select backlog.load_pipeline('f');
insert into public.delta_flight values (8, null, 2, 2);
select results_eq($$select l.inserted, l.duplicates, l.parked from backlog.load_pipeline('f') as l$$, 'values (1::bigint, 1::bigint, 0::bigint)', 'a newer copy takes the place of a parked row');
select is((select q.state from backlog.quarantine as q where q.row_data ->> 'id' = '8'), 'superseded', 'which is closed');

-- Edit.
insert into public.delta_plane values (null, 1), ('C', 1);
select backlog.load_pipeline('f');
create temp table q as select q.quarantine_id as id from backlog.quarantine as q where q.table_name = 'plane';
select throws_ok($$select backlog.edit_quarantine((select id from q), '{"tail": "D", "seats": "many"}')$$, 'PB003', null, 'an edit must fit');
select throws_ok($$select backlog.edit_quarantine((select id from q), '[]')$$, 'PB003', null, 'and be an object');
select throws_ok($$select backlog.edit_quarantine(0, '{}')$$, 'PB106', 'there is no open quarantined row 0', 'of a row that there is');
select is(backlog.edit_quarantine((select id from q), '{"tail": "D"}', false, 'asked them'), 'waiting', 'an edit can wait');
select is((select l.outcome from backlog.load_pipeline('f') as l), 'empty', 'and does');
select is(backlog.edit_quarantine((select id from q), '{"tail": "D", "seats": 3}'), 'replaying', 'or go with the next load');
select is((select l.inserted from backlog.load_pipeline('f') as l), 1::bigint, 'which takes it');
select results_eq(
  'select x.state, x.note, x.replays from backlog.quarantine as x where x.quarantine_id = (select id from q)',
  $$values ('replayed', 'asked them', 1)$$, 'and closes it'
);
select throws_ok($$select backlog.edit_quarantine((select id from q), '{"tail": "E"}')$$, 'PB106', null, 'what is closed stays closed');

-- Dismiss.
insert into public.delta_plane values (null, 1), (null, 2);
select backlog.load_pipeline('f');
select results_eq($$select d.outcome from backlog.dismiss_quarantine('{"table": "plane"}', 'rubbish', 1) as d$$, $$values ('dismissed')$$, 'dismissal is limited');
select is((select count(*) from backlog.dismiss_quarantine('{"state": "waiting"}', 'rubbish') as d), 1::bigint, 'and goes on');
select is((select count(*) from backlog.quarantine as x where x.state = 'dismissed' and x.note = 'rubbish'), 2::bigint, 'with the note');
select throws_ok($$select * from backlog.dismiss_quarantine('{"colour": 1}')$$, 'PB003', 'unknown filter colour or limit 1000', 'an unknown filter');
select throws_ok($$select * from backlog.replay_quarantine('{}', 0)$$, 'PB003', null, 'a limit of nothing');

select * from finish();
rollback;
