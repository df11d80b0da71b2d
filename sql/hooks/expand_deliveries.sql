create or replace function backlog.expand_deliveries(p_id bigint, p_lock_token bigint)
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_task jsonb;
  v_left jsonb;
begin
  select i.event_data
  into v_task
  from backlog_internal.retry_item as i
  join backlog_internal.retry_lane as l on l.lane_id = i.lane_id
  where i.id = p_id
    and l.event_type = 'hook.expand';
  if not found then
    perform backlog_internal.raise_not_leased(p_id, p_lock_token);
  end if;

  -- First the proof that it is ours; it all rolls back together.
  perform backlog.complete_retry_items(array[p_id], array[p_lock_token]);
  v_left := backlog_internal.run_task(v_task);
  if v_left is not null then
    perform backlog_internal.enqueue_expansion(v_left);
  end if;
  return v_left is not null;
end;
$$;

comment on function backlog.expand_deliveries(bigint, bigint) is
  $$Make deliveries that were put off: work off an item of the event type hook.expand that you hold.

Large commits, replays and the order of deliveries with the same key are left to such items, so that
writers need not wait. Does a bounded part, completes the item and enqueues another if something is left;
returns whether something is. Listeners and run_sql_hooks call it.

Raises PB001 when the lease was lost or the item is of another kind, PB002 when it does not exist.$$;
