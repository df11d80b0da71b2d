create or replace function backlog_internal.end_hook_turns(p_item_ids bigint[])
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_head backlog_internal.hook_head;
begin
  if not exists (select from backlog_internal.hook_head as h where h.item_id = any (p_item_ids)) then
    return;
  end if;
  -- Locked before the turns are read: what joins the queue later finds the head gone, or the next one.
  for v_head in
    select h.*
    from backlog_internal.hook_head as h
    where h.item_id = any (p_item_ids)
    order by h.hook_id, h.key
    for update
  loop
    perform backlog_internal.call_next_turn(v_head);
  end loop;
end;
$$;

comment on function backlog_internal.end_hook_turns(bigint[]) is
  $$End the turns of deliveries that are over, in whatever way, and call the next of each key.

Does nothing for items that are no ordered deliveries.$$;
