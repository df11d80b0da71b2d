create or replace function backlog.register_hook(
  p_name text,
  p_kind text = 'checkpoint',
  p_pipelines text[] = null,
  p_mode text = 'bulk',
  p_payload text = 'records',
  p_transactional boolean = false,
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
begin
  return backlog_internal.define_hook(
    p_name, 'python', null, p_transactional, p_kind, p_pipelines, p_mode, p_payload, p_order_key,
    p_timeout_seconds, p_concurrency, p_max_retries, p_start
  );
end;
$$;

comment on function backlog.register_hook(
  text, text, text[], text, text, boolean, text, int, int, int, text
) is
  $$Register a hook that a listener calls, or change its definition. Return its id.

From now on every event of its kind (checkpoint, incident, alert) and pipelines (null: all) is delivered
to it as retry items of the event type hook.<name>: one per event (p_mode bulk) or one per record
(individual), with the records, their keys or none of them (p_payload). p_order_key names a field of the
record: deliveries with the same value wait for each other. p_concurrency limits the deliveries in
progress, all listeners together, p_max_retries the failed attempts; null leaves both to the retry
policy. p_start beginning also delivers all kept events, for a new hook only; a changed definition holds
for deliveries made from then on. A disabled hook stays disabled. Listeners call it when they start.

Raises PB202 when the definition cannot work, or when the name is that of a SQL hook.$$;
