create or replace function backlog.cancel_retry_item(p_id bigint, p_reason text = null)
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now   timestamptz := backlog_internal.clock();
  v_item  backlog_internal.retry_item;
  v_lease backlog_internal.retry_lease;
begin
  -- A loop, because the item may move between waiting and leased while we look; not for ever.
  for v_try in 1 .. 1000 loop
    if v_try = 1000 then
      raise exception using
        errcode = '40001',
        message = format('retry item %s is neither waiting nor leased whenever one looks', p_id),
        hint = 'Try again; if that does not help, see backlog.retry_items. Nothing was changed.';
    end if;
    select i.* into v_item from backlog_internal.retry_item as i where i.id = p_id;
    if not found then
      return false;
    end if;

    delete from backlog_internal.retry_ready as r
    where r.lane_id = v_item.lane_id
      and r.priority = v_item.priority
      and r.run_at = v_item.run_at
      and r.id = p_id;
    exit when found;

    select s.*
    into v_lease
    from backlog_internal.retry_lease as s
    where s.lane_id = v_item.lane_id
      and s.ids @> array[p_id]
    for update;
    exit when found and exists (
      select 1 from backlog_internal.take_leased(array[p_id], array[v_lease.token])
    );
  end loop;

  delete from backlog_internal.retry_item as i
  where i.id = p_id
    and i.lane_id = v_item.lane_id;

  insert into backlog_internal.retry_history (
    finished_at, id, lane_id, retry_count, outcome, priority, created_at, claimed_at, event_id,
    worker_id, plugin_name, correlation_id, error
  )
  values (
    v_now, p_id, v_item.lane_id, v_item.retry_count, 'cancelled', v_item.priority,
    v_item.created_at, v_lease.claimed_at, v_item.event_id, v_lease.worker_id,
    nullif(v_item.plugin_name, ''), v_item.correlation_id, p_reason
  );
  perform backlog_internal.end_hook_turns(array[p_id]);
  return true;
end;
$$;

comment on function backlog.cancel_retry_item(bigint, text) is
  $$Cancel a retry item that waits or is being worked on; the reason goes to the history.

Returns whether there was such an item. A worker that has it under lease is told when it reports: its
complete or fail raises PB002, so data written in the same transaction rolls back.$$;
