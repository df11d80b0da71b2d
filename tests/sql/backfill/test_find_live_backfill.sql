begin;
select plan(7);
select backlog.create_pipeline('p');
create table public.src (id int primary key);
create temp table made as
select backlog.create_backfill('p', 'public.src', p_destination => '{"kind": "parquet", "path": "x"}') as id;

select is((backlog_internal.find_live_backfill(m.id, 'tried')).state, 'PENDING', 'one that waits') from made as m;
update backlog_internal.backfill set state = 'EXECUTING';
select is((backlog_internal.find_live_backfill(m.id, 'tried')).state, 'EXECUTING', 'one that runs') from made as m;
select throws_ok('select backlog_internal.find_live_backfill(-1, ''tried'')', 'PB301', 'there is no backfill -1', 'none');
update backlog_internal.backfill set state = 'CANCELLED';
select throws_ok(format('select backlog_internal.find_live_backfill(%s, %L)', m.id, 'tried'), 'PB303', format('backfill %s is CANCELLED and cannot be tried', m.id), 'one that has ended') from made as m;
select throws_ok(format('select backlog.cancel_backfill(%s)', m.id), 'PB303', format('backfill %s is CANCELLED and cannot be cancelled', m.id), 'is not cancelled again') from made as m;
select throws_ok(format('select backlog.pause_backfill(%s)', m.id), 'PB303', format('backfill %s is CANCELLED and cannot be paused', m.id), 'nor paused') from made as m;
select is((select count(*) from pg_locks as l where l.pid = pg_backend_pid() and l.relation = 'backlog_internal.backfill'::regclass and l.mode = 'RowShareLock'), 1::bigint, 'and it is locked');

select * from finish();
rollback;
