create or replace function backlog_internal.store_hook(p_hook backlog_internal.hook, p_start text)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := backlog_internal.clock();
  v_old backlog_internal.hook;
begin
  perform backlog_internal.check_hook(p_hook, p_start);

  insert into backlog_internal.hook (
    name, kind, pipelines, mode, payload, language, sql_function, transactional, order_key,
    timeout_seconds, concurrency, max_retries, registered_by, created_at, changed_at
  )
  values (
    p_hook.name, p_hook.kind, p_hook.pipelines, p_hook.mode, p_hook.payload, p_hook.language,
    p_hook.sql_function, p_hook.transactional, p_hook.order_key, p_hook.timeout_seconds,
    p_hook.concurrency, p_hook.max_retries, backlog_internal.caller(), v_now, v_now
  )
  on conflict (name) do nothing
  returning hook_id into p_hook.hook_id;

  if p_hook.hook_id is not null then
    perform backlog_internal.set_hook_policy(p_hook);
    if p_start = 'beginning' then
      perform backlog_internal.enqueue_expansion(jsonb_build_object(
        'task', 'beginning', 'hook_id', p_hook.hook_id, 'after_event_id', 0, 'undelivered', true,
        'priority', 3
      ));
    end if;
    return p_hook.hook_id;
  end if;

  select h.* into v_old from backlog_internal.hook as h where h.name = p_hook.name for update;
  if v_old.language <> p_hook.language then
    raise exception using
      errcode = 'PB202',
      message = format(
        'hook %L is a %s hook', p_hook.name, case v_old.language when 'sql' then 'SQL' else 'Python' end
      ),
      hint = 'Take another name; or drop the hook with backlog.drop_hook, and its deliveries with it.';
  end if;
  if (
    v_old.kind, v_old.pipelines, v_old.mode, v_old.payload, v_old.language, v_old.sql_function,
    v_old.transactional, v_old.order_key, v_old.timeout_seconds, v_old.concurrency, v_old.max_retries
  ) is distinct from (
    p_hook.kind, p_hook.pipelines, p_hook.mode, p_hook.payload, p_hook.language, p_hook.sql_function,
    p_hook.transactional, p_hook.order_key, p_hook.timeout_seconds, p_hook.concurrency, p_hook.max_retries
  ) then
    update backlog_internal.hook as h
    set
      kind = p_hook.kind, pipelines = p_hook.pipelines, mode = p_hook.mode, payload = p_hook.payload,
      language = p_hook.language, sql_function = p_hook.sql_function,
      transactional = p_hook.transactional, order_key = p_hook.order_key,
      timeout_seconds = p_hook.timeout_seconds, concurrency = p_hook.concurrency,
      max_retries = p_hook.max_retries, changed_at = v_now
    where h.hook_id = v_old.hook_id;
    perform backlog_internal.set_hook_policy(p_hook);
  end if;
  return v_old.hook_id;
end;
$$;

comment on function backlog_internal.store_hook(backlog_internal.hook, text) is
  $$Register a hook or change its definition; return its id. A hook that is as it was is not written.

Raises PB202 when the definition cannot work, or when a hook of the other language has the name.$$;
