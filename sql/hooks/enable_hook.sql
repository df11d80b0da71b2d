create or replace function backlog.enable_hook(p_name text)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_hook backlog_internal.hook := backlog_internal.find_hook(p_name);
begin
  if v_hook.enabled then
    return;
  end if;
  update backlog_internal.hook as h
  set
    enabled = true,
    disabled_at = null,
    disable_reason = null
  where h.hook_id = v_hook.hook_id;
  perform backlog.resume_event_type(v_hook.event_type);
end;
$$;

comment on function backlog.enable_hook(text) is
  $$Call a disabled hook again: what waited goes on, and new events are delivered.

Raises PB201 when there is no such hook.$$;
