begin;
select plan(38);

set local test.now = '2030-01-01 00:00:00+00';
-- The clock of the test is far ahead of the sessions beside it.
select backlog.set_setting('backfill_max_snapshot_seconds', '0');
create table public.src (id int primary key, name text);
create table public.dst (id int primary key, name text);
insert into public.src select n, 'n' || n from generate_series(1, 100) as n;
select backlog.create_pipeline('p');
create temp table b as select null::bigint as id;
update b set id = backlog.create_backfill('p', 'public.src', p_destination => '{"kind": "table", "table": "public.dst"}', p_batch_size => 30, p_workers => 1);
-- Sessions of other tests must not make it wait.
update backlog_internal.backfill set plan_snapshot = null;
create function pg_temp.id() returns bigint language sql as 'select b.id from b';
create function pg_temp.state() returns text language sql as 'select v.state from backlog.backfills as v where v.backfill_id = (select b.id from b)';

select is(pg_temp.state(), 'PENDING', 'a backfill begins as PENDING');
select is((select count(*) from backlog_internal.retry_item), 1::bigint, 'its chunk is a retry item');
select is(backlog.run_backfill_step(pg_temp.id()) ->> 'action', 'copied', 'a step copies a chunk');
select is(pg_temp.state(), 'EXECUTING', 'and it executes');
select is((select count(*) from public.dst), 30::bigint, 'as many rows as a batch has');

select backlog.pause_backfill(pg_temp.id(), 'lunch');
select is(backlog.run_backfill_step(pg_temp.id()) - 'wait_seconds', jsonb_build_object('action', 'wait', 'paused', true, 'reason', 'paused: lunch', 'more', false, 'rows', 0, 'steps', 1, 'backfill_id', pg_temp.id()), 'a paused one does nothing and says why') ;
select results_eq('select v.paused_at, v.pause_reason, v.state from backlog.backfills as v', $$values (timestamptz '2030-01-01 00:00:00+00', 'lunch', 'EXECUTING')$$, 'which the view shows');
select is(backlog.resume_backfill(pg_temp.id()), 0, 'it is resumed');
select is(backlog.run_backfill_step(pg_temp.id()) ->> 'rows', '30', 'and goes on where it stopped');

select throws_ok(format('select backlog.delete_backfill(%s)', pg_temp.id()), 'PB303', null, 'a live one is not deleted');
select throws_ok('delete from backlog_internal.backfill', 'PB303', null, 'not even past the function');
select backlog.cancel_backfill(pg_temp.id(), 'enough');
select is(pg_temp.state(), 'CANCELLED', 'cancelled');
select is((select count(*) from backlog_internal.retry_item), 0::bigint, 'its chunks have left the queue');
select is(backlog.run_backfill_step() ->> 'action', 'idle', 'nothing is done for it');
select throws_ok(format('select backlog.pause_backfill(%s)', pg_temp.id()), 'PB303', null, 'nothing can be paused');
select throws_ok(format('select backlog.cancel_backfill(%s)', pg_temp.id()), 'PB303', null, 'nor cancelled again');
select throws_ok(format('select backlog.retry_backfill(%s)', pg_temp.id()), 'PB303', null, 'nor retried');
select is(backlog.resume_backfill(pg_temp.id()), 2, 'but resumed: the chunks are back in the queue');
select is(pg_temp.state(), 'PENDING', 'as PENDING');
select is(backlog.run_backfill_step(pg_temp.id(), 10) ->> 'action', 'finished', 'to the end');
select is(pg_temp.state(), 'COMPLETED', 'completed');
select is((select count(*) from public.dst), 100::bigint, 'with all rows');
select is((select v.percent from backlog.backfills as v), 100.0, 'that is a hundred percent');
select throws_ok(format('select backlog.resume_backfill(%s)', pg_temp.id()), 'PB303', null, 'a completed one is not resumed');
select results_eq(
  'select t.from_state, t.to_state, t.reason from backlog.backfill_transitions as t order by t.transition_id',
  $$values (null, 'PENDING', null), ('PENDING', 'EXECUTING', null), ('EXECUTING', 'EXECUTING', 'paused: lunch'),
    ('EXECUTING', 'EXECUTING', 'no longer paused'), ('EXECUTING', 'CANCELLED', 'enough'), ('CANCELLED', 'PENDING', 'resumed'),
    ('PENDING', 'EXECUTING', null), ('EXECUTING', 'COMPLETED', null)$$,
  'all of it is in the log'
);
select is((select distinct t.changed_by from backlog.backfill_transitions as t), session_user::text, 'with who did it');
select throws_ok($$update backlog_internal.backfill set state = 'EXECUTING'$$, 'PB303', null, 'no other way round, not even past the functions');
select throws_ok($$insert into backlog.backfill_queue (pipeline, table_name, state) values ('p', 'public.src', 'EXECUTING')$$, 'PB303', null, 'nor a beginning in another state');
select backlog.delete_backfill(pg_temp.id());
select is((select count(*) from backlog.backfills), 0::bigint, 'now it may be deleted');
select throws_ok(format('select backlog.%s(0)', f), 'PB301', 'there is no backfill 0', f)
from unnest(array['pause_backfill', 'resume_backfill', 'retry_backfill', 'cancel_backfill', 'delete_backfill', 'run_backfill_step']) as f;

-- What it was planned over must still be there when it goes on.
update b set id = backlog.create_backfill('p', 'src', '[{"column": "name", "operator": "!=", "value": "n1"}]', '{"kind": "table", "table": "public.dst"}');
select backlog.cancel_backfill(pg_temp.id());
alter table public.src alter column name type varchar(10);
select throws_ok(format('select backlog.resume_backfill(%s)', pg_temp.id()), 'PB304', format('backfill %s cannot go on: column public.src.name was text and is character varying(10)', pg_temp.id()), 'a changed column refuses to resume');
alter table public.src alter column name type text;
alter table public.src add column more int;
select lives_ok(format('select backlog.resume_backfill(%s)', pg_temp.id()), 'a column that is not copied does not matter');
alter table public.dst drop column name;
select matches(backlog.run_backfill_step(pg_temp.id()) ->> 'reason', 'column public.dst.name is gone', 'a change while it runs');

select * from finish();
rollback;
