begin;
select plan(5);
set local test.now = '2030-01-01 12:00:00+00';

select is(cardinality(backlog_internal.find_due(null, backlog_internal.clock(), 10)), 0, 'an empty queue');
select count(*) from backlog.enqueue_retry_items((select jsonb_agg(jsonb_build_object('event_type', 'mail', 'channel_name', 'c' || n)) from generate_series(1, 40) as n));
set local test.now = '2030-01-01 12:00:01+00';
select is(cardinality(backlog_internal.find_due(null, backlog_internal.clock(), 100)), 40, 'all of them when they are few');
select is(cardinality(backlog_internal.find_due(null, backlog_internal.clock(), 10)), 10, 'else as many as asked for');
select is(
  (select count(distinct d.lane_id) from generate_series(1, 60) as g,
    lateral unnest(backlog_internal.find_due(null, backlog_internal.clock() + g * interval '0', 10)) as d),
  40::bigint, 'from anywhere, so that each lane has its turn'
);
select is(
  (select bool_and(n = 10) from (select g, count(distinct d.lane_id) as n from generate_series(1, 60) as g,
    lateral unnest(backlog_internal.find_due(null, backlog_internal.clock() + g * interval '0', 10)) as d group by g) as x),
  true, 'none twice in one answer'
);

select * from finish();
rollback;
