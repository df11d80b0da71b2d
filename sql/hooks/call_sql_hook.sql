create or replace function backlog.call_sql_hook(p_hook text, p_event_data jsonb)
  returns text
  language plpgsql
  volatile
  security invoker
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_name     text := (select h.sql_function from backlog.hooks as h where h.name = p_hook);
  v_function regprocedure := to_regprocedure(v_name || '(jsonb)');
  v_reply    text;
begin
  -- A superuser would lend all its rights to whoever wrote the function.
  if v_function is null or exists (
    select
    from pg_proc as p
    join pg_roles as o on o.oid = p.proowner
    join pg_roles as r on r.rolname = current_user
    where p.oid = v_function
      and r.rolsuper
      and not o.rolsuper
      and not p.prosecdef
  ) then
    raise exception using
      errcode = 'PB202',
      message = format(
        'hook %s: %s cannot be called by %s', p_hook, coalesce(v_name, 'it is no SQL hook and'), current_user
      ),
      hint = 'The function must exist; for a superuser only if it is security definer or a superuser owns it.';
  end if;

  execute format('select %s($1)::text', v_function::regproc) into v_reply using p_event_data;
  if v_reply ~ '^stop(:|$)' then
    perform backlog.pause_pipeline(
      p_event_data ->> 'pipeline',
      format('hook %s: %s', p_hook, coalesce(nullif(trim(substr(v_reply, 6)), ''), 'stop'))
    );
  end if;
  return v_reply;
end;
$$;

comment on function backlog.call_sql_hook(text, jsonb) is
  $$Call the function of an SQL hook with a delivery, as the caller, and do what it replies. Return the reply.

Acknowledges nothing, so it also serves to try a hook. A reply of 'stop' or 'stop: reason' pauses the
pipeline of the delivery.

Raises PB202 when there is no such function or this role must not call it, and whatever the function
raises.$$;
