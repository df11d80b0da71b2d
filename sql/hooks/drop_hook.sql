create or replace function backlog.drop_hook(p_name text)
  returns bigint
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_hook      backlog_internal.hook := backlog_internal.find_hook(p_name);
  v_cancelled bigint;
begin
  -- Its turns go with it, before a delivery that is cancelled could call the next.
  delete from backlog_internal.hook as h where h.hook_id = v_hook.hook_id;
  delete from backlog_internal.hook_turn as t where t.hook_id = v_hook.hook_id;
  delete from backlog_internal.hook_head as d where d.hook_id = v_hook.hook_id;

  select count(*) filter (where backlog.cancel_retry_item(i.id, format('hook %s was dropped', p_name)))
  into v_cancelled
  from backlog_internal.retry_item as i
  join backlog_internal.retry_lane as l on l.lane_id = i.lane_id
  where l.event_type = v_hook.event_type;

  -- A hook that is registered under this name later begins anew.
  if not v_hook.enabled then
    perform backlog.resume_event_type(v_hook.event_type);
  end if;
  return v_cancelled;
end;
$$;

comment on function backlog.drop_hook(text) is
  $$Drop a hook and cancel its deliveries; return how many were cancelled.

Its dead letters stay until they are discarded. A Python hook comes back when a listener that has it
starts: take it out of its module first, or disable it instead.

Raises PB201 when there is no such hook.$$;
