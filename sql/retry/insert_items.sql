create or replace function backlog_internal.insert_items(p_items jsonb, p_now timestamptz)
  returns table (item_position int, id bigint, event_id uuid, outcome text)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  -- One strong random number for the batch, the item's id in its last 12 digits.
  v_uuid text := left(gen_random_uuid()::text, 24);
begin
  return query
  with item as materialized (
    select nextval('backlog_internal.retry_item_id_seq') as id, o.*
    from (
      select
        -- The usual item is sound and its lane known; all else is the function's business.
        case
          when l.lane_id is not null and i.problem is null and backlog_internal.item_problem(
            i.event_type, i.event_data, i.channel_name, i.plugin_name, i.max_retries,
            i.retry_delay_seconds, i.backoff_multiplier, i.priority
          ) is null then l.lane_id
          else backlog_internal.lane_for_item(i)
        end as lane_id,
        greatest(i.run_at, p_now) as due_at,
        i.*
      from backlog_internal.read_items(p_items) as i
      left join backlog_internal.retry_lane as l
        on l.event_type = i.event_type
        and l.channel_name = i.channel_name
        and l.priorities & (1 << i.priority) <> 0
      -- Items of one lane run in the order of their ids, so these follow the order of the call.
      order by i.place
    ) as o
  ), stored as (
    insert into backlog_internal.retry_item as s (
      id, event_id, lane_id, priority, max_retries, retry_delay_seconds, run_at, created_at,
      expires_at, backoff_multiplier, plugin_name, correlation_id, tags, event_metadata, event_data
    )
    overriding system value
    select
      i.id, (v_uuid || lpad(to_hex(i.id), 12, '0'))::uuid, i.lane_id, i.priority, i.max_retries,
      i.retry_delay_seconds, i.due_at, p_now, i.expires_at, i.backoff_multiplier, i.plugin_name,
      i.correlation_id, i.tags, i.event_metadata, i.event_data
    from item as i
  ), waiting as (
    insert into backlog_internal.retry_ready (lane_id, priority, run_at, id)
    select i.lane_id, i.priority, i.due_at, i.id from item as i
  )
  select i.place, i.id, (v_uuid || lpad(to_hex(i.id), 12, '0'))::uuid, 'inserted'::text from item as i;
end;
$$;

comment on function backlog_internal.insert_items(jsonb, timestamptz) is
  $$Insert items that have no dedupe key, all in one statement.

Raises PB003 for the first that cannot be enqueued.$$;
