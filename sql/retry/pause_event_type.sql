create or replace function backlog.pause_event_type(p_event_type text, p_reason text = null)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_policy backlog_internal.retry_policy;
begin
  perform backlog.set_retry_policy(p_event_type);
  v_policy := backlog_internal.effective_policy(p_event_type);
  v_policy.paused_at := coalesce(v_policy.paused_at, backlog_internal.clock());
  v_policy.pause_reason := p_reason;
  perform backlog_internal.save_policy(v_policy);
end;
$$;

comment on function backlog.pause_event_type(text, text) is
  $$Pause an event type: its items are kept but not claimed until resume_event_type.

Items under lease are not touched. The reason shows in backlog.retry_policies. Pausing * pauses every
event type that has no policy of its own.

Raises PB003 when the event type is null or empty.$$;
