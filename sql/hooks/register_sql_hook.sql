create or replace function backlog.register_sql_hook(
  p_name text,
  p_function regprocedure,
  p_kind text = 'checkpoint',
  p_pipelines text[] = null,
  p_mode text = 'bulk',
  p_payload text = 'records',
  p_order_key text = null,
  p_timeout_seconds int = null,
  p_concurrency int = null,
  p_max_retries int = null,
  p_start text = 'now'
)
  returns bigint
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_function text;
begin
  select format('%I.%I', n.nspname, p.proname)
  into v_function
  from pg_proc as p
  join pg_namespace as n on n.oid = p.pronamespace
  where p.oid = p_function
    and p.prokind = 'f'
    and p.pronargs = 1
    and p.proargtypes[0] = 'jsonb'::regtype
    and p.prorettype in ('void'::regtype, 'text'::regtype)
    and not p.proretset;
  if not found then
    raise exception using
      errcode = 'PB202',
      message = format('%s cannot be a hook', coalesce(p_function::text, 'null')),
      hint = 'A hook is a function of one jsonb argument that returns void or text.';
  end if;
  if not has_function_privilege(backlog_internal.caller(), p_function, 'execute') then
    raise exception using
      errcode = 'insufficient_privilege',
      message = format('permission denied for function %s', p_function),
      hint = 'Only who may call a function may make it a hook.';
  end if;

  return backlog_internal.define_hook(
    p_name, 'sql', v_function, true, p_kind, p_pipelines, p_mode, p_payload, p_order_key,
    p_timeout_seconds, p_concurrency, p_max_retries, p_start
  );
end;
$$;

comment on function backlog.register_sql_hook(
  text, regprocedure, text, text[], text, text, text, int, int, int, text
) is
  $$Register a function f(jsonb) as a hook that needs no Python, or change its definition. Return its id.

The function gets the delivery: event_id, kind, pipeline, table, record or records, error and more, and
an idempotency_key. It runs in the transaction of its ack, so what it writes here happens exactly once.
It may return 'stop' or 'stop: reason' to pause the pipeline. It is called by backlog.run_sql_hooks or by
a listener, with the rights of the role that calls that and with the search path pg_catalog, so qualify
the names in it or pin its search path. p_timeout_seconds holds where a listener calls it. All else is as
in backlog.register_hook.

Raises PB202 when the definition cannot work or the name is that of a Python hook, 42501 when the caller may
not call the function.$$;
