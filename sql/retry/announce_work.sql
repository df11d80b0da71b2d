create or replace function backlog_internal.announce_work(p_event_type text, p_now timestamptz)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (
    select 1
    from backlog_internal.listener as l
    where l.idle_until > p_now
      and (l.event_types is null or p_event_type = any (l.event_types))
  ) then
    perform backlog_internal.announce('backlog_work');
  end if;
end;
$$;

comment on function backlog_internal.announce_work(text, timestamptz) is
  $$Wake listeners when one that takes this event type sleeps; otherwise do nothing.$$;
