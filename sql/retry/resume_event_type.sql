create or replace function backlog.resume_event_type(p_event_type text)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_policy backlog_internal.retry_policy;
begin
  -- As in set_retry_policy.
  lock table backlog_internal.retry_policy in share row exclusive mode;
  select p.* into v_policy from backlog_internal.retry_policy as p where p.event_type = p_event_type;
  if not found then
    raise exception using
      errcode = 'PB005',
      message = format('event type %s has no policy of its own', coalesce(p_event_type, 'null')),
      hint = 'Only what was paused can be resumed; see backlog.retry_policies.';
  end if;
  v_policy.paused_at := null;
  v_policy.pause_reason := null;
  perform backlog_internal.save_policy(v_policy);
  perform backlog_internal.announce_work(p_event_type, backlog_internal.clock());
end;
$$;

comment on function backlog.resume_event_type(text) is
  $$Resume a paused event type: its due items may be claimed at once.

Raises PB005 when the event type has no policy of its own, so was never paused.$$;
