create or replace function backlog_internal.ensure_history_partitions(p_days int = 3)
  returns int
  language sql
  volatile
return backlog_internal.ensure_day_partitions('retry_history', 'finished_at', p_days);

comment on function backlog_internal.ensure_history_partitions(int) is
  $$Make the history partitions of today and the next days (UTC); return how many were made.$$;
