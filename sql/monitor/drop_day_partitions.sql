create or replace function backlog_internal.drop_day_partitions(p_table text, p_before timestamptz)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  -- Less than deadlock_timeout: who waits for a tick that has locked one table gets on before the tick, waiting
  -- for another, would take it for a deadlock.
  set lock_timeout = '200ms'
as $$
declare
  v_name    text;
  v_rows    bigint;
  v_removed bigint := 0;
begin
  for v_name in
    select c.relname
    from pg_inherits as h
    join pg_class as c on c.oid = h.inhrelid
    where h.inhparent = to_regclass('backlog_internal.' || p_table)
      and c.relname ~ ('^' || p_table || '_[0-9]{8}$')
      and (to_date(right(c.relname, 8), 'YYYYMMDD') + 1)::timestamp at time zone 'UTC' <= p_before
    order by c.relname
  loop
    execute format('select count(*) from backlog_internal.%I', v_name) into v_rows;
    begin
      execute format('drop table backlog_internal.%I', v_name);
      v_removed := v_removed + v_rows;
    exception when lock_not_available then
      -- Somebody has used it for long. Waiting on would hold up every writer behind us; the next call
      -- tries again.
      exit;
    end;
  end loop;
  return v_removed;
end;
$$;

comment on function backlog_internal.drop_day_partitions(text, timestamptz) is
  $$Drop the daily partitions of a table that end before a time; return how many rows went with them.

Stops at the first that is in use for longer than a moment.$$;
