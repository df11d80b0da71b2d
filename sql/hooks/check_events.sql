create or replace function backlog_internal.check_events(p_event_ids bigint[])
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_missing bigint;
begin
  select u.id
  into v_missing
  from unnest(p_event_ids) as u (id)
  where not exists (select from backlog_internal.event as e where e.event_id = u.id)
  limit 1;
  if found then
    raise exception using
      errcode = 'PB205',
      message = format('there is no event %s', v_missing),
      hint = 'Events are kept for event_retention_days, see backlog.settings.';
  end if;
end;
$$;

comment on function backlog_internal.check_events(bigint[]) is
  $$Check that events are kept. Raises PB205 for one that is not.$$;
