create or replace function backlog_internal.call_next_turn(p_head backlog_internal.hook_head)
  returns boolean
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_turn backlog_internal.hook_turn;
begin
  -- The turns before the last one are over, or were committed late: those come when no other waits.
  delete from backlog_internal.hook_turn as t
  where t.hook_turn_id = coalesce(
    (
      select n.hook_turn_id
      from backlog_internal.hook_turn as n
      where n.hook_id = p_head.hook_id
        and n.key = p_head.key
        and n.hook_turn_id > p_head.hook_turn_id
      order by n.hook_id, n.key, n.hook_turn_id
      limit 1
    ),
    (
      select n.hook_turn_id
      from backlog_internal.hook_turn as n
      where n.hook_id = p_head.hook_id
        and n.key = p_head.key
      order by n.hook_id, n.key, n.hook_turn_id
      limit 1
    )
  )
  returning t.*
  into v_turn;

  if not found then
    delete from backlog_internal.hook_head as h
    where h.item_id = p_head.item_id
      and h.hook_id = p_head.hook_id
      and h.key = p_head.key;
    return false;
  end if;

  update backlog_internal.hook_head as h
  set
    item_id = e.id,
    hook_turn_id = v_turn.hook_turn_id
  from backlog_internal.hook as k
  cross join lateral backlog.enqueue_retry_item(
    k.event_type, v_turn.event_data, p_plugin_name => 'hooks', p_priority => v_turn.priority,
    p_correlation_id => v_turn.correlation_id
  ) as e
  where h.item_id = p_head.item_id
    and h.hook_id = p_head.hook_id
    and h.key = p_head.key
    and k.hook_id = p_head.hook_id;
  return true;
end;
$$;

comment on function backlog_internal.call_next_turn(backlog_internal.hook_head) is
  $$Make the next delivery of a hook and key due; when none waits, forget the key and return false.

The caller holds a lock on the row of hook_head. Turns that are being written at this moment are not
seen; who forgets a key must have it looked at once more after the commit.$$;
