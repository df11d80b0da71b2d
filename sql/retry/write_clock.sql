create or replace function backlog_internal.write_clock()
  returns timestamptz
  language sql
  volatile
return case when pg_current_xact_id() is not null then backlog_internal.clock() end;

comment on function backlog_internal.write_clock() is
  $$Return the time, read after the transaction has its id.

The low-water marks rely on it: a transaction whose id is not yet given out cannot insert a row with an
earlier run_at than the time at which that was seen.$$;
