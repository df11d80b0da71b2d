create or replace function backlog_internal.ensure_day_partitions(
  p_table text,
  p_column text,
  p_days int
)
  returns int
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  -- Less than deadlock_timeout: who waits for a tick that has locked one table gets on before the tick, waiting
  -- for another, would take it for a deadlock.
  set lock_timeout = '200ms'
as $$
declare
  v_today date := (backlog_internal.clock() at time zone 'UTC')::date;
  v_day   date;
  v_from  timestamptz;
  v_to    timestamptz;
  v_taken boolean;
  v_made  int := 0;
begin
  for v_day in select v_today + d from generate_series(0, p_days) as d loop
    continue when to_regclass(format('backlog_internal.%I', p_table || '_' || to_char(v_day, 'YYYYMMDD'))) is not null;
    v_from := v_day::timestamp at time zone 'UTC';
    v_to := (v_day + 1)::timestamp at time zone 'UTC';
    -- A day that already has rows in the default partition stays there; retention covers it too.
    execute format(
      'select exists (select from backlog_internal.%I as d where d.%I >= $1 and d.%I < $2)',
      p_table || '_default', p_column, p_column
    )
    into v_taken
    using v_from, v_to;
    continue when v_taken;
    begin
      execute format(
        'create table backlog_internal.%I partition of backlog_internal.%I for values from (%L) to (%L)',
        p_table || '_' || to_char(v_day, 'YYYYMMDD'), p_table, v_from, v_to
      );
      v_made := v_made + 1;
    exception
      when lock_not_available then
        -- Somebody reads the table for long. There are days in hand; the next call tries again.
        exit;
      when check_violation then
        -- The default partition has got a row of the day since this looked.
        continue;
    end;
  end loop;
  return v_made;
end;
$$;

comment on function backlog_internal.ensure_day_partitions(text, text, int) is
  $$Make the partitions of today and the next days (UTC) of a table by time; return how many were made.$$;
