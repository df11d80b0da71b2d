create or replace function backlog_internal.call_first_turns(p_hook_id bigint, p_keys text[])
  returns boolean
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '200ms'
as $$
declare
  v_taken text[];
  v_key   text;
  v_head  backlog_internal.hook_head;
begin
  -- Whoever ends a turn holds its row until the commit and may not see what was committed meanwhile:
  -- wait for that, but not for long, since there may be many turns in one transaction.
  v_taken := array(
    select h.key
    from backlog_internal.hook_head as h
    where h.hook_id = p_hook_id
      and h.key = any (p_keys)
    order by h.key
    for update
  );

  for v_key in
    select distinct k.key from unnest(p_keys) as k (key) where k.key <> all (v_taken) order by k.key
  loop
    -- Until its item is there, the row has a number that no item has.
    insert into backlog_internal.hook_head as h (hook_id, key, item_id, hook_turn_id)
    select t.hook_id, t.key, -t.hook_turn_id, 0
    from backlog_internal.hook_turn as t
    where t.hook_id = p_hook_id
      and t.key = v_key
    order by t.hook_turn_id
    limit 1
    on conflict (hook_id, key) do nothing
    returning h.*
    into v_head;
    if found then
      perform backlog_internal.call_next_turn(v_head);
    end if;
  end loop;
  return true;
exception
  when lock_not_available then
    return false;
end;
$$;

comment on function backlog_internal.call_first_turns(bigint, text[]) is
  $$Make the first delivery of each key due where none is; false means that somebody is at it, try again later.

The turns must be committed: a delivery that ends from now on sees them and calls the next by itself.$$;
