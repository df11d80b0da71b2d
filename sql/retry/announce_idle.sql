create or replace function backlog.announce_idle(
  p_worker_id text,
  p_event_types text[] = null,
  p_poll_seconds int = 5
)
  returns double precision
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := backlog_internal.clock();
begin
  perform backlog_internal.check_claim(p_worker_id, 1, p_poll_seconds, p_event_types);

  if exists (
    select 1
    from backlog_internal.listener as l
    where l.worker_id = p_worker_id
      and l.idle_until > v_now + make_interval(secs => p_poll_seconds)
      and l.event_types is not distinct from p_event_types
  ) then
    -- Producers have seen the flag for a while: what they add from now on wakes the listener.
    return backlog_internal.seconds_until_due(p_event_types, p_poll_seconds, v_now);
  end if;

  -- Good for three sleeps, so that a listener that is woken often does not write each time.
  insert into backlog_internal.listener (worker_id, event_types, idle_until, seen_at)
  values (p_worker_id, p_event_types, v_now + make_interval(secs => 3 * p_poll_seconds), v_now)
  on conflict (worker_id) do update
  set event_types = excluded.event_types, idle_until = excluded.idle_until, seen_at = excluded.seen_at;

  -- Items added before the flag was visible woke nobody: the caller must look again before it sleeps.
  return 0;
end;
$$;

comment on function backlog.announce_idle(text, text[], int) is
  $$Say that a listener is about to sleep, and return for how many seconds it may.

LISTEN on backlog_work first. 0 means: acquire once more, then ask again. A producer notifies only while
some listener is flagged idle, so a busy system pays nothing for notifications. Never returns more than
p_poll_seconds: the notification is a hint, the poll is the promise.

Raises PB003 when an argument is out of range.$$;
