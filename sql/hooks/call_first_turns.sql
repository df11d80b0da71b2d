create or replace function backlog_internal.call_first_turns(p_hook_id bigint, p_keys text[])
  returns boolean
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '50ms'
as $$
declare
  v_key  text;
  v_head backlog_internal.hook_head;
begin
  -- A loop, because each call is an item of its own. Where there is a head, whoever ends it calls the next.
  for v_key in
    select distinct k.key
    from unnest(p_keys) as k (key)
    where not exists (
      select
      from backlog_internal.hook_head as h
      where h.hook_id = p_hook_id
        and h.key = k.key
    )
    order by k.key
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

The turns must be committed.$$;
