-- Who may call what. Functions are the only door: no role has a right on a table.
-- A view runs its functions with the rights of its reader, so a helper used inside a view is
-- granted here as well; the schema backlog_internal itself stays closed.

grant usage on schema backlog
  to backlog_producer, backlog_worker, backlog_operator, backlog_monitor;

-- Nothing is executable by everybody, whatever the defaults of the database are.
revoke all on all functions in schema backlog from public;
revoke all on all functions in schema backlog_internal from public;
revoke all on all tables in schema backlog from public;
revoke all on all tables in schema backlog_internal from public;
revoke all on schema backlog from public;
revoke all on schema backlog_internal from public;

-- Core
grant execute on function backlog_internal.clock() to backlog_producer, backlog_worker, backlog_operator, backlog_monitor;
grant select on backlog.error_codes to backlog_producer, backlog_worker, backlog_operator, backlog_monitor;
grant execute on function backlog.version() to backlog_producer, backlog_worker, backlog_operator, backlog_monitor;
grant select on backlog.settings to backlog_operator, backlog_monitor;
grant execute on function backlog.set_setting(text, text) to backlog_operator;
grant select on backlog.drift to backlog_operator, backlog_monitor;
grant execute on function backlog_internal.live_objects() to backlog_operator, backlog_monitor;

-- Retry engine

-- Loads

-- Monitor
