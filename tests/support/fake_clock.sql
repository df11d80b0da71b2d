-- The test clock: stands still at the setting test.now if it is set, else runs as usual.
create or replace function backlog_internal.clock()
  returns timestamptz
  language sql
  volatile
return coalesce(
  nullif(current_setting('test.now', true), '')::timestamptz,
  clock_timestamp()
);
