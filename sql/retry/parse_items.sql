create or replace function backlog_internal.parse_items(p_items jsonb)
  returns backlog_internal.new_item[]
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_items   backlog_internal.new_item[];
  v_place   bigint;
  v_problem text;
begin
  if p_items is null or jsonb_typeof(p_items) <> 'array' then
    v_problem := 'items must be a jsonb array of objects';
  else
    select e.place, case when jsonb_typeof(e.value) <> 'object' then 'is not an object' else 'has an unknown key' end
    into v_place, v_problem
    from jsonb_array_elements(p_items) with ordinality as e (value, place)
    where jsonb_typeof(e.value) <> 'object'
      or e.value - array[
        'event_type', 'event_data', 'channel_name', 'plugin_name', 'event_metadata', 'max_retries',
        'retry_delay_seconds', 'backoff_multiplier', 'priority', 'correlation_id', 'tags',
        'dedupe_key', 'run_at', 'expires_at'
      ] <> '{}'
    order by e.place
    limit 1;
  end if;

  if v_problem is null then
    v_items := array(
      select row(
        r.place, r.event_type, coalesce(r.event_data, '{}'), coalesce(r.channel_name, ''),
        coalesce(r.plugin_name, ''), r.event_metadata, r.max_retries, r.retry_delay_seconds,
        r.backoff_multiplier, coalesce(r.priority, 5), r.correlation_id, r.tags, r.dedupe_key,
        r.run_at, r.expires_at
      )::backlog_internal.new_item
      from rows from (
        jsonb_to_recordset(p_items) as (
          event_type text, event_data jsonb, channel_name text, plugin_name text,
          event_metadata jsonb, max_retries int, retry_delay_seconds int, backoff_multiplier numeric,
          priority int, correlation_id text, tags text[], dedupe_key text, run_at timestamptz,
          expires_at timestamptz
        )
      ) with ordinality as r (
        event_type, event_data, channel_name, plugin_name, event_metadata, max_retries,
        retry_delay_seconds, backoff_multiplier, priority, correlation_id, tags, dedupe_key, run_at,
        expires_at, place
      )
    );

    select i.place, p.problem
    into v_place, v_problem
    from unnest(v_items) as i
    cross join lateral backlog_internal.item_problem(
      i.event_type, i.event_data, i.channel_name, i.plugin_name, i.max_retries,
      i.retry_delay_seconds, i.backoff_multiplier, i.priority
    ) as p (problem)
    where p.problem is not null
    order by i.place
    limit 1;
  end if;

  if v_problem is not null then
    raise exception using
      errcode = 'PB003',
      message = coalesce(format('item %s: ', v_place), '') || v_problem,
      hint = 'See the comment of backlog.enqueue_retry_items for the keys. Nothing was enqueued.';
  end if;
  return v_items;
end;
$$;

comment on function backlog_internal.parse_items(jsonb) is
  $$Return the items of a jsonb array in their order. Raises PB003 for the first that cannot be enqueued.$$;
