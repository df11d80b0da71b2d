create or replace function backlog_internal.roll_up_failures()
  returns bigint
  language sql
  volatile
begin atomic
  with many as (
    select f.pipeline
    from backlog_internal.failure_count as f
    group by f.pipeline
    having count(*) > 1
  ), gone as (
    delete from backlog_internal.failure_count as f
    using many as m
    where f.pipeline = m.pipeline
    returning f.*
  ), kept as (
    insert into backlog_internal.failure_count
      (pipeline, failures, last_failure_at, last_error, last_error_code)
    select
      g.pipeline, sum(g.failures), max(g.last_failure_at),
      (array_agg(g.last_error order by g.last_failure_at desc))[1],
      (array_agg(g.last_error_code order by g.last_failure_at desc))[1]
    from gone as g
    group by g.pipeline
  )
  select count(*) from gone as g;
end;

comment on function backlog_internal.roll_up_failures() is
  $$Add up the failures of each pipeline into one row; return how many rows there were.$$;
