create or replace function backlog_internal.announce(p_channel_name text)
  returns void
  language sql
  volatile
return pg_notify(p_channel_name, '');

comment on function backlog_internal.announce(text) is
  $$Wake whoever listens on a channel. The only place that sends notifications.

A notification is a hint without payload; the tables are the truth. Notifying commits wait for each
other across the whole server, so callers announce only when somebody may be asleep.$$;
