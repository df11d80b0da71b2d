create or replace function backlog_internal.ensure_history_partitions(p_days int = 3)
  returns int
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '1s'
as $$
declare
  v_today date := (backlog_internal.clock() at time zone 'UTC')::date;
  v_day   date;
  v_made  int := 0;
begin
  for v_day in select v_today + d from generate_series(0, p_days) as d loop
    continue when to_regclass(format('backlog_internal.retry_history_%s', to_char(v_day, 'YYYYMMDD'))) is not null;
    -- A day that already has rows in the default partition stays there; retention covers it too.
    continue when exists (
      select 1
      from backlog_internal.retry_history_default as h
      where h.finished_at >= v_day::timestamp at time zone 'UTC'
        and h.finished_at < (v_day + 1)::timestamp at time zone 'UTC'
    );
    begin
      execute format(
        'create table backlog_internal.%I partition of backlog_internal.retry_history '
          'for values from (%L) to (%L)',
        'retry_history_' || to_char(v_day, 'YYYYMMDD'),
        v_day::timestamp at time zone 'UTC',
        (v_day + 1)::timestamp at time zone 'UTC'
      );
      v_made := v_made + 1;
    exception when lock_not_available then
      -- Somebody reads the history for long. There are days in hand; the next call tries again.
      exit;
    end;
  end loop;
  return v_made;
end;
$$;

comment on function backlog_internal.ensure_history_partitions(int) is
  $$Make the history partitions of today and the next days (UTC); return how many were made.$$;
