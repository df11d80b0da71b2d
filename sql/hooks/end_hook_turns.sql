create or replace function backlog_internal.end_hook_turns(p_item_ids bigint[])
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_head   backlog_internal.hook_head;
  v_hooks  bigint[] := array[]::bigint[];
  v_keys   text[] := array[]::text[];
begin
  for v_head in
    select h.*
    from backlog_internal.hook_head as h
    where h.item_id = any (p_item_ids)
    order by h.hook_id, h.key
    for update
  loop
    if not backlog_internal.call_next_turn(v_head) then
      v_hooks := v_hooks || v_head.hook_id;
      v_keys := v_keys || v_head.key;
    end if;
  end loop;

  -- A turn may be committed at this moment, and its writer's note be worked off while the head that we
  -- take away is still to be seen. So a note of our own, which nobody sees before the head is gone.
  perform backlog_internal.enqueue_expansion(jsonb_build_object(
    'task', 'turns', 'hook_id', u.hook_id, 'keys', jsonb_agg(u.key)
  ))
  from unnest(v_hooks, v_keys) as u (hook_id, key)
  group by u.hook_id;
end;
$$;

comment on function backlog_internal.end_hook_turns(bigint[]) is
  $$End the turns of deliveries that are over, in whatever way, and call the next of each key.

Does nothing for items that are no ordered deliveries.$$;
