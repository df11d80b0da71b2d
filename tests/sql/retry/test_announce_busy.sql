begin;
select plan(3);
set local test.now = '2030-01-01 12:00:00+00';

select backlog.announce_idle('l1');
select backlog.announce_idle('l2');
set local test.now = '2030-01-01 12:00:01+00';
select backlog.announce_busy('l1');
select results_eq(
  $$select l.worker_id, l.idle_until > backlog_internal.clock(), l.seen_at from backlog_internal.listener as l order by 1$$,
  $$values ('l1', false, '2030-01-01 12:00:01+00'::timestamptz), ('l2', true, '2030-01-01 12:00:00+00')$$, 'one flag is down, the other stays'
);
select lives_ok($$select backlog.announce_busy('unknown')$$, 'who was never idle may say so too');
select is(backlog.announce_idle('l1'), 0::double precision, 'the next sleep begins with a new flag');

select * from finish();
rollback;
