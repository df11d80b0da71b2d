begin;
select plan(5);

create table backlog_internal.thing (at timestamptz not null) partition by range (at);
create table backlog_internal.thing_20290101 partition of backlog_internal.thing for values from ('2029-01-01 00:00+00') to ('2029-01-02 00:00+00');
create table backlog_internal.thing_20290102 partition of backlog_internal.thing for values from ('2029-01-02 00:00+00') to ('2029-01-03 00:00+00');
create table backlog_internal.thing_default partition of backlog_internal.thing default;
insert into backlog_internal.thing values ('2029-01-01 12:00+00'), ('2029-01-01 13:00+00'), ('2029-01-02 12:00+00'), ('2020-01-01 00:00+00');

select is(backlog_internal.drop_day_partitions('thing', '2029-01-01 23:59+00'), 0::bigint, 'a day that is not over stays');
select is(backlog_internal.drop_day_partitions('thing', '2029-01-02 00:00+00'), 2::bigint, 'a day that is over goes with its rows');
select is(to_regclass('backlog_internal.thing_20290101'), null, 'and is gone');
select bag_eq(
  'select t.at from backlog_internal.thing as t',
  $$values ('2029-01-02 12:00+00'::timestamptz), ('2020-01-01 00:00+00')$$, 'all else stays, what has no day of its own included'
);
select is(backlog_internal.drop_day_partitions('thing', '2029-01-02 00:00+00'), 0::bigint, 'once');

select * from finish();
rollback;
