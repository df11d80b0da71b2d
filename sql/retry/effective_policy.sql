create or replace function backlog_internal.effective_policy(p_event_type text)
  returns backlog_internal.retry_policy
  language sql
  stable
return (
  select p
  from backlog_internal.retry_policy as p
  where p.event_type in (p_event_type, '*')
  order by p.event_type = '*'
  limit 1
);

comment on function backlog_internal.effective_policy(text) is
  $$Return the policy of an event type: its own row, or the default.$$;
