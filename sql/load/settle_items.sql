create or replace function backlog_internal.settle_items(p_load_id bigint)
  returns bigint[]
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_done record;
begin
  with gone as (
    delete from backlog_internal.staged_item as s
    where s.load_id = p_load_id
    returning s.item_id, s.held_token, s.problem
  )
  select
    array_agg(g.item_id order by g.item_id) filter (where g.problem is null) as done_ids,
    array_agg(g.held_token order by g.item_id) filter (where g.problem is null) as done_tokens,
    array_agg(g.item_id order by g.item_id) filter (where g.problem is not null) as ill_ids,
    array_agg(g.held_token order by g.item_id) filter (where g.problem is not null) as ill_tokens,
    array_agg('malformed page: ' || g.problem order by g.item_id) filter (where g.problem is not null)
      as problems
  into v_done
  from gone as g;

  -- A lost lease raises here and undoes the load: its rows belong to somebody else now.
  if v_done.done_ids is not null then
    perform c.id
    from backlog.complete_retry_items(v_done.done_ids, v_done.done_tokens, 'raise') as c;
    -- What these items had in quarantine since an earlier attempt has arrived in better shape.
    update backlog_internal.quarantine_row as q
    set
      state = 'superseded',
      superseded_by = p_load_id,
      closed_at = backlog_internal.clock()
    where q.item_id = any (v_done.done_ids)
      and q.state = 'waiting'
      and q.load_id is distinct from p_load_id
      and q.last_seen_at < (
        select min(l.claimed_at)
        from backlog_internal.retry_history as l
        where l.id = q.item_id
          and l.outcome = 'completed'
      );
  end if;
  if v_done.ill_ids is not null then
    perform f.id
    from backlog.fail_retry_items(
      v_done.ill_ids, v_done.ill_tokens, v_done.problems,
      array_fill('PB105'::text, array[cardinality(v_done.ill_ids)])
    ) as f;
  end if;
  return array[
    coalesce(cardinality(v_done.done_ids), 0), coalesce(cardinality(v_done.ill_ids), 0)
  ];
end;
$$;

comment on function backlog_internal.settle_items(bigint) is
  $$Complete the items of a load in its own transaction, and fail those that it condemned.

Returns how many of each. Raises PB001 when a lease was lost, which undoes the load.$$;
