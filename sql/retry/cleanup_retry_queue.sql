create or replace function backlog.cleanup_retry_queue(p_retention_days int = 7, p_limit int = 10000)
  returns bigint
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '1s'
as $$
declare
  v_before  timestamptz;
  v_rows    bigint;
  v_removed bigint;
begin
  if p_retention_days is null or p_retention_days < 0 or p_limit is null or p_limit < 1 then
    raise exception using
      errcode = 'PB003',
      message = 'retention_days must be 0 or more and limit positive',
      hint = 'Seven days is the default.';
  end if;
  v_before := backlog_internal.clock() - make_interval(days => p_retention_days);

  v_removed := backlog_internal.drop_day_partitions('retry_history', v_before);

  with old as (
    select h.ctid
    from backlog_internal.retry_history_default as h
    where h.finished_at < v_before
    limit p_limit
    for update skip locked
  )
  delete from backlog_internal.retry_history_default as h
  using old
  where h.ctid = old.ctid;
  get diagnostics v_rows = row_count;
  return v_removed + v_rows;
end;
$$;

comment on function backlog.cleanup_retry_queue(int, int) is
  $$Remove history older than p_retention_days; return how many rows went.

Whole days go by dropping their partition; of rows outside the daily partitions at most p_limit go per
call. Dead letters stay: they need a person. tick calls it by itself.

Raises PB003 when an argument is out of range.$$;
