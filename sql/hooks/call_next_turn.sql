create or replace function backlog_internal.call_next_turn(p_hook_id bigint, p_key text)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_turn backlog_internal.hook_turn;
  v_id   bigint;
begin
  delete from backlog_internal.hook_turn as t
  where t.hook_turn_id = (
    select n.hook_turn_id
    from backlog_internal.hook_turn as n
    where n.hook_id = p_hook_id
      and n.key = p_key
    order by n.hook_turn_id
    limit 1
  )
  returning t.*
  into v_turn;

  if not found then
    delete from backlog_internal.hook_head as h
    where h.hook_id = p_hook_id
      and h.key = p_key;
    return null;
  end if;

  select e.id
  into v_id
  from backlog_internal.hook as h
  cross join lateral backlog.enqueue_retry_item(
    h.event_type, v_turn.event_data, p_plugin_name => 'hooks', p_priority => v_turn.priority,
    p_correlation_id => v_turn.correlation_id
  ) as e
  where h.hook_id = p_hook_id;

  update backlog_internal.hook_head as h
  set item_id = v_id
  where h.hook_id = p_hook_id
    and h.key = p_key;
  return v_id;
end;
$$;

comment on function backlog_internal.call_next_turn(bigint, text) is
  $$Make the next delivery of a hook and key due; when none waits, forget the key. Return its item.

The caller holds a lock on the row of hook_head.$$;
