create or replace function backlog_internal.backfill_event_type(p_backfill backlog_internal.backfill)
  returns text
  language sql
  immutable
return 'backfill.' || case p_backfill.kind when 'table' then 'sql' else p_backfill.kind end;

comment on function backlog_internal.backfill_event_type(backlog_internal.backfill) is
  $$Return the event type of a backfill's chunks: backfill.sql for tables, else backfill.<writer>.$$;
