create or replace function backlog_internal.make_way(p_id bigint, p_lane_id int, p_now timestamptz)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_item backlog_internal.retry_item;
begin
  -- A loop, because the item may move between waiting and leased while we look. Locks are taken as cancel
  -- and the acks take them: the waiting row or the lease first, then the item.
  loop
    select i.* into v_item
    from backlog_internal.retry_item as i
    where i.id = p_id and i.lane_id = p_lane_id;
    if not found then
      return;
    end if;

    delete from backlog_internal.retry_ready as r
    where r.lane_id = v_item.lane_id
      and r.priority = v_item.priority
      and r.run_at = v_item.run_at
      and r.id = v_item.id;
    exit when found;

    perform 1
    from backlog_internal.retry_lease as s
    where s.lane_id = p_lane_id
      and s.ids @> array[p_id]
    for update;
    if found then
      -- What its worker does with the old data cannot be stopped; the new item follows.
      update backlog_internal.retry_item as i
      set dedupe_key = null
      where i.id = p_id and i.lane_id = p_lane_id;
      return;
    end if;
  end loop;

  delete from backlog_internal.retry_item as i where i.id = p_id and i.lane_id = p_lane_id;
  insert into backlog_internal.retry_history (
    finished_at, id, lane_id, retry_count, outcome, priority, created_at, event_id, plugin_name,
    correlation_id, error
  )
  values (
    p_now, p_id, p_lane_id, v_item.retry_count, 'cancelled', v_item.priority, v_item.created_at,
    v_item.event_id, nullif(v_item.plugin_name, ''), v_item.correlation_id,
    'replaced by a newer item with the same dedupe key'
  );
end;
$$;

comment on function backlog_internal.make_way(bigint, int, timestamptz) is
  $$Free the dedupe key of an item: one that waits is cancelled, one under lease loses the key.$$;
