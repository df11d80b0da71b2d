create or replace function backlog_internal.define_hook(
  p_name text,
  p_language text,
  p_sql_function text,
  p_transactional boolean,
  p_kind text,
  p_pipelines text[],
  p_mode text,
  p_payload text,
  p_order_key text,
  p_timeout_seconds int,
  p_concurrency int,
  p_max_retries int,
  p_start text
)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_hook backlog_internal.hook;
begin
  v_hook.name := p_name;
  v_hook.language := p_language;
  v_hook.sql_function := p_sql_function;
  v_hook.transactional := p_transactional;
  v_hook.kind := p_kind;
  v_hook.pipelines := p_pipelines;
  v_hook.mode := p_mode;
  v_hook.payload := p_payload;
  v_hook.order_key := p_order_key;
  v_hook.timeout_seconds := p_timeout_seconds;
  v_hook.concurrency := p_concurrency;
  v_hook.max_retries := p_max_retries;
  return backlog_internal.store_hook(v_hook, p_start);
end;
$$;

comment on function backlog_internal.define_hook(
  text, text, text, boolean, text, text[], text, text, text, int, int, int, text
) is
  $$Make the definition of a hook from the arguments that register it, and store it. Return its id.

Raises PB202 when the definition cannot work.$$;
