create or replace function backlog_internal.clock()
  returns timestamptz
  language sql
  volatile
return clock_timestamp();

comment on function backlog_internal.clock() is
  $$Tell the time. The only place that reads it, so that tests can replace it.$$;
