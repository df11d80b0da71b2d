create or replace function backlog.disable_hook(p_name text, p_reason text = null)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_hook backlog_internal.hook := backlog_internal.find_hook(p_name);
begin
  update backlog_internal.hook as h
  set
    enabled = false,
    disabled_at = coalesce(h.disabled_at, backlog_internal.clock()),
    disable_reason = p_reason
  where h.hook_id = v_hook.hook_id;
  perform backlog.pause_event_type(v_hook.event_type, coalesce(p_reason, 'the hook is disabled'));
end;
$$;

comment on function backlog.disable_hook(text, text) is
  $$Stop calling a hook: nothing new is delivered to it, and what waits is held until enable_hook.

Deliveries in progress are not touched. Events that happen meanwhile are kept with what the hook wants to
see of them: replay_events with p_only_missed delivers them later. Drop a hook that is not wanted again.

Raises PB201 when there is no such hook.$$;
