create or replace function backlog.run_sql_hook(p_id bigint, p_lock_token bigint)
  returns text
  language plpgsql
  volatile
  security invoker
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_delivery record;
  v_reply    text;
begin
  select d.* into v_delivery from backlog.read_delivery(p_id, p_lock_token) as d;
  if v_delivery.event_type = 'hook.expand' then
    perform backlog.expand_deliveries(p_id, p_lock_token);
    return null;
  end if;

  v_reply := backlog.call_sql_hook(v_delivery.hook, v_delivery.event_data);
  if v_delivery.event_data -> 'ordered' = 'true' then
    perform backlog.complete_hook_turn(p_id, null, p_lock_token);
  else
    perform backlog.complete_retry_items(array[p_id], array[p_lock_token]);
  end if;
  return v_reply;
end;
$$;

comment on function backlog.run_sql_hook(bigint, bigint) is
  $$Run one delivery of an SQL hook that you hold, and complete it in the same transaction. Return the reply.

Runs with the rights of the caller. An error is the caller's to report with fail_retry_item, once the
call is rolled back; backlog.run_sql_hooks does all of that. Items of the event type hook.expand are
worked off as well.

Raises PB001 when the lease was lost, PB002 when the item does not exist, PB202 when the function is gone
or must not be called by this role, and whatever the function raises.$$;
