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
  v_name    text;
  v_rows    bigint;
  v_removed bigint := 0;
begin
  if p_retention_days is null or p_retention_days < 0 or p_limit is null or p_limit < 1 then
    raise exception using
      errcode = 'PB003',
      message = 'retention_days must be 0 or more and limit positive',
      hint = 'Seven days is the default.';
  end if;
  v_before := backlog_internal.clock() - make_interval(days => p_retention_days);

  for v_name in
    select c.relname
    from pg_inherits as h
    join pg_class as c on c.oid = h.inhrelid
    where h.inhparent = 'backlog_internal.retry_history'::regclass
      and c.relname ~ '^retry_history_[0-9]{8}$'
      and (to_date(right(c.relname, 8), 'YYYYMMDD') + 1)::timestamp at time zone 'UTC' <= v_before
    order by c.relname
  loop
    execute format('select count(*) from backlog_internal.%I', v_name) into v_rows;
    begin
      execute format('drop table backlog_internal.%I', v_name);
      v_removed := v_removed + v_rows;
    exception when lock_not_available then
      -- A long transaction has written history. Waiting on would hold up every worker behind us; the
      -- next call tries again.
      exit;
    end;
  end loop;

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
