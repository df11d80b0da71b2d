create or replace function backlog_internal.repair_turns(p_limit int)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_ended   bigint[];
  v_waiting record;
  v_called  bigint := 0;
begin
  -- Completed with complete_retry_item, say: the head is gone and called nobody.
  v_ended := array(
    select h.item_id
    from backlog_internal.hook_head as h
    where not exists (select from backlog_internal.retry_item as i where i.id = h.item_id)
    limit p_limit
  );
  perform backlog_internal.end_hook_turns(v_ended);

  -- Keys that wait without a head, found by jumping from key to key.
  for v_waiting in
    with recursive k as (
      (
        select t.hook_id, t.key
        from backlog_internal.hook_turn as t
        order by t.hook_id, t.key
        limit 1
      )
      union all
      select n.hook_id, n.key
      from k
      cross join lateral (
        select t.hook_id, t.key
        from backlog_internal.hook_turn as t
        where (t.hook_id, t.key) > (k.hook_id, k.key)
        order by t.hook_id, t.key
        limit 1
      ) as n
    )
    select k.hook_id, array_agg(k.key) as keys
    from k
    where not exists (
      select from backlog_internal.hook_head as h where h.hook_id = k.hook_id and h.key = k.key
    )
    group by k.hook_id
  loop
    if backlog_internal.call_first_turns(v_waiting.hook_id, v_waiting.keys[1 : p_limit]) then
      v_called := v_called + least(cardinality(v_waiting.keys), p_limit);
    end if;
  end loop;
  return cardinality(v_ended) + v_called;
end;
$$;

comment on function backlog_internal.repair_turns(int) is
  $$Call the next delivery wherever none is due although some wait for their turn; return for how many keys.$$;
