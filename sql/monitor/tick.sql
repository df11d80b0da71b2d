create or replace function backlog.tick()
  returns jsonb
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_done jsonb;
begin
  -- One at a time; a second caller has nothing to add.
  if not pg_try_advisory_xact_lock(hashtextextended('backlog.tick', 0)) then
    return jsonb_build_object('busy', true);
  end if;

  -- Retention may lock the whole history, and all events, for the rest of the transaction, so it comes late;
  -- and last of all what may lock tables of users.
  v_done := backlog_internal.tick_load() || backlog_internal.tick_hooks() || backlog_internal.tick_backfill()
    || backlog_internal.tick_retry() || backlog_internal.tick_events() || backlog_internal.tick_watches();
  return v_done || jsonb_build_object('busy', false, 'at', backlog_internal.clock());
end;
$$;

comment on function backlog.tick() is
  $$Keep house: rescue expired leases, make and drop partitions of history and events, look after pipelines and hooks.

Returns what was done. Call it about once a minute; a listener does, and so can pg_cron:
select cron.schedule('pgbacklog', '* * * * *', 'select backlog.tick()'). Bounded work, one at a time.$$;
