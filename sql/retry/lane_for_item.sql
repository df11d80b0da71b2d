create or replace function backlog_internal.lane_for_item(p_item backlog_internal.new_item)
  returns int
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem text := coalesce(
    p_item.problem,
    backlog_internal.item_problem(
      p_item.event_type, p_item.event_data, p_item.channel_name, p_item.plugin_name,
      p_item.max_retries, p_item.retry_delay_seconds, p_item.backoff_multiplier, p_item.priority
    )
  );
begin
  if v_problem is not null then
    raise exception using
      errcode = 'PB003',
      message = format('item %s: %s', p_item.place, v_problem),
      hint = 'See the comment of backlog.enqueue_retry_items for the keys. Nothing was enqueued.';
  end if;
  return backlog_internal.ensure_lane(p_item.event_type, p_item.channel_name, p_item.priority);
end;
$$;

comment on function backlog_internal.lane_for_item(backlog_internal.new_item) is
  $$Return the lane of a new item, made on its first use. Raises PB003 when the item cannot be enqueued.$$;
