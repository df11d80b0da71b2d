create or replace function backlog_internal.current_epoch()
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_epoch bigint;
begin
  select c.epoch into v_epoch from backlog_internal.delta_canary as c;
  if found then
    return v_epoch;
  end if;

  -- The server crashed and emptied what is not logged. The first to notice begins a new epoch; the
  -- others wait for its row lock and look again.
  perform e.epoch from backlog_internal.delta_epoch as e for update;
  select c.epoch into v_epoch from backlog_internal.delta_canary as c;
  if not found then
    update backlog_internal.delta_epoch as e
    set
      epoch = e.epoch + 1,
      began_at = backlog_internal.clock()
    returning e.epoch into v_epoch;
    insert into backlog_internal.delta_canary (epoch) values (v_epoch);
  end if;
  return v_epoch;
end;
$$;

comment on function backlog_internal.current_epoch() is
  $$Tell which life of the unlogged tables this is; begin a new one when a crash ended the last.$$;
