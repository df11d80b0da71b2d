create or replace function backlog_internal.check_hook(p_hook backlog_internal.hook, p_start text)
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem text := case
    when coalesce(p_hook.name, '') !~ '^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,62}$' or p_hook.name = 'expand' then
      'a hook is named by 1 to 63 letters, digits, dots, dashes and underscores, and not expand'
    when p_hook.kind is null or p_hook.kind not in ('checkpoint', 'incident', 'alert') then
      'kind must be checkpoint, incident or alert'
    when p_hook.mode is null or p_hook.mode not in ('bulk', 'individual') then
      'mode must be bulk or individual'
    when p_hook.payload is null or p_hook.payload not in ('records', 'keys', 'none') then
      'payload must be records, keys or none'
    when p_hook.payload = 'none' and p_hook.mode = 'individual' then
      'a hook that is called for each record sees the record or its keys'
    when p_hook.order_key = '' then 'order_key must name a field of the record'
    when p_hook.order_key is not null and p_hook.mode = 'bulk' then
      'only a hook that is called for each record can order by a field of it'
    when p_hook.transactional is null then 'transactional must be true or false'
    when p_hook.timeout_seconds < 1 then 'timeout_seconds must be positive'
    when p_hook.concurrency < 1 then 'concurrency must be positive'
    when p_hook.max_retries not between 0 and 1000 then 'max_retries must be between 0 and 1000'
    when p_hook.pipelines = '{}' or array_position(p_hook.pipelines, null) is not null then
      'pipelines must name pipelines; null means all'
    when p_start is null or p_start not in ('now', 'beginning') then 'start must be now or beginning'
  end;
begin
  if v_problem is not null then
    raise exception using
      errcode = 'PB202',
      message = format('hook %s: %s', coalesce(quote_literal(p_hook.name), 'null'), v_problem),
      hint = 'See the comment of backlog.register_hook. Nothing was registered.';
  end if;
end;
$$;

comment on function backlog_internal.check_hook(backlog_internal.hook, text) is
  $$Check the definition of a hook. Raises PB202 when it cannot work.$$;
