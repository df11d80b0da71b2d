create or replace function backlog_internal.tick_events(p_limit int = 10000)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  return jsonb_build_object(
    'event_partitions_made', backlog_internal.ensure_day_partitions('event', 'created_at', 3),
    'events_removed', backlog_internal.drop_old_events(p_limit)
  );
end;
$$;

comment on function backlog_internal.tick_events(int) is
  $$Make the partitions of events to come and drop those past the retention. Return what was done as JSON.

May lock the table of events until the commit, so it comes last in a tick.$$;
