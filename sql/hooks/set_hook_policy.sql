create or replace function backlog_internal.set_hook_policy(p_hook backlog_internal.hook)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_hook.concurrency is not null or p_hook.max_retries is not null then
    perform backlog.set_retry_policy(
      'hook.' || p_hook.name,
      p_max_retries => p_hook.max_retries,
      p_concurrency_limit => p_hook.concurrency
    );
  end if;
  -- With the lane there, the first writers of an event do not wait for each other.
  perform backlog_internal.ensure_lane('hook.' || p_hook.name, '', 5);
  perform backlog_internal.ensure_lane('hook.expand', '', 5);
end;
$$;

comment on function backlog_internal.set_hook_policy(backlog_internal.hook) is
  $$Make the lane of a hook's deliveries, with the limits that the hook asks for.$$;
