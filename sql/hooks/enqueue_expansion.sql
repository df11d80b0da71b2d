create or replace function backlog_internal.enqueue_expansion(p_task jsonb)
  returns bigint
  language sql
  volatile
return (
  select e.id
  from backlog.enqueue_retry_item(
    'hook.expand', p_task, p_plugin_name => 'hooks', p_max_retries => 20,
    p_retry_delay_seconds => 1, p_run_at => (p_task ->> 'run_at')::timestamptz
  ) as e
);

comment on function backlog_internal.enqueue_expansion(jsonb) is
  $$Leave a task to whoever delivers next, for after the commit: expand_deliveries does it. Return its item.$$;
