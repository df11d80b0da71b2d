create or replace function backlog_internal.ask_throttle(p_table regclass)
  returns text
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now    numeric := extract(epoch from backlog_internal.clock());
  v_asked  text[] := string_to_array(current_setting('backlog.throttle_asked', true), ' ');
  v_reason text;
begin
  -- A small chunk takes less time than the question; a server does not fall ill within a second.
  if v_asked[1] = p_table::oid::text
    and v_now - v_asked[2]::numeric between 0 and backlog_internal.setting('backfill_throttle_seconds')::numeric
  then
    return null;
  end if;
  v_reason := backlog.backfill_throttle(p_table);
  perform set_config(
    'backlog.throttle_asked', case when v_reason is null then format('%s %s', p_table::oid, v_now) else '' end, false
  );
  return v_reason;
end;
$$;

comment on function backlog_internal.ask_throttle(regclass) is
  $$Tell why backfills of a table should wait, or null; this session remembers for a moment that all was well.$$;
