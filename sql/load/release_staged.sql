create or replace function backlog_internal.release_staged(p_item_ids bigint[])
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids    bigint[];
  v_tokens bigint[];
  v_count  bigint;
begin
  with gone as (
    delete from backlog_internal.staged_item as s
    where s.item_id = any (p_item_ids)
    returning s.item_id, s.held_token
  )
  select array_agg(g.item_id order by g.item_id), array_agg(g.held_token order by g.item_id), count(*)
  into v_ids, v_tokens, v_count
  from gone as g
  where g.held_token is not null;

  -- An item that an operator cancelled meanwhile is stale, and that is fine.
  if v_ids is not null then
    perform r.id from backlog.release_retry_items(v_ids, v_tokens, 'skip') as r;
  end if;
  return v_count;
end;
$$;

comment on function backlog_internal.release_staged(bigint[]) is
  $$Forget staged pages and give their items back to be fetched again; return how many were given back.

What is left of their rows is garbage, which loads pass over and remove.$$;
