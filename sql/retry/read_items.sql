create or replace function backlog_internal.read_items(p_items jsonb)
  returns setof backlog_internal.new_item
  language sql
  stable
as $$
  select
    e.place::int,
    e.value ->> 'event_type',
    coalesce(e.value -> 'event_data', '{}'),
    coalesce(e.value ->> 'channel_name', ''),
    coalesce(e.value ->> 'plugin_name', ''),
    e.value -> 'event_metadata',
    (e.value ->> 'max_retries')::int,
    (e.value ->> 'retry_delay_seconds')::int,
    (e.value ->> 'backoff_multiplier')::numeric,
    coalesce((e.value ->> 'priority')::int, 5),
    e.value ->> 'correlation_id',
    case
      when jsonb_typeof(e.value -> 'tags') = 'array' then
        array(select t.tag from jsonb_array_elements_text(e.value -> 'tags') as t (tag))
    end,
    e.value ->> 'dedupe_key',
    (e.value ->> 'run_at')::timestamptz,
    (e.value ->> 'expires_at')::timestamptz,
    case
      when jsonb_typeof(e.value) <> 'object' then 'is not a jsonb object'
      when e.value - array[
        'event_type', 'event_data', 'channel_name', 'plugin_name', 'event_metadata', 'max_retries',
        'retry_delay_seconds', 'backoff_multiplier', 'priority', 'correlation_id', 'tags',
        'dedupe_key', 'run_at', 'expires_at'
      ] <> '{}' then 'has an unknown key'
      when jsonb_typeof(e.value -> 'tags') not in ('array', 'null') then 'tags must be an array'
    end
  from jsonb_array_elements(p_items) with ordinality as e (value, place)
$$;

comment on function backlog_internal.read_items(jsonb) is
  $$Return the objects of a jsonb array as new items, in their order; problem says what is wrong with one.

Written so that the planner can inline it.$$;
