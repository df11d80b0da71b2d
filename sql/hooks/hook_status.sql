create or replace function backlog_internal.hook_status()
  returns jsonb
  language sql
  stable
return (
  select coalesce(
    jsonb_agg(
      jsonb_build_object(
        'name', h.name, 'kind', h.kind, 'state', h.state, 'pending', h.pending,
        'in_progress', h.in_progress, 'dead_letters', h.dead_letters,
        'oldest_waiting_at', h.oldest_waiting_at, 'has_listener', h.has_listener
      ) order by h.name
    ),
    '[]'
  )
  from backlog.hooks as h
);

comment on function backlog_internal.hook_status() is
  $$Return the hooks' part of the status report.$$;
