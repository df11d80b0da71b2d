create or replace function backlog.unschedule_backfill(p_name text)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  delete from backlog_internal.backfill_schedule as s where s.name = p_name;
  if not found then
    raise exception using
      errcode = 'PB005',
      message = format('there is no schedule %s', quote_nullable(p_name)),
      hint = 'The view backlog.backfill_schedules lists them.';
  end if;
end;
$$;

comment on function backlog.unschedule_backfill(text) is
  $$Make no more backfills by a schedule; those that were made stay.

Raises PB005 when there is no such schedule.$$;
