create or replace function backlog_internal.fail_guilty(p_result jsonb)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids    bigint[];
  v_tokens bigint[];
begin
  -- Only the items that brought the violations are retried. The others stay staged for the next
  -- load, so that one orphan neither blocks them for good nor uses up their attempts.
  with gone as (
    delete from backlog_internal.staged_item as s
    using jsonb_array_elements_text(p_result -> 'items') as i (id)
    where s.item_id = i.id::bigint
      and s.held_token is not null
    returning s.item_id, s.held_token
  )
  select array_agg(g.item_id order by g.item_id), array_agg(g.held_token order by g.item_id)
  into v_ids, v_tokens
  from gone as g;
  if v_ids is null then
    return 0;
  end if;

  perform f.id
  from backlog.fail_retry_items(
    v_ids, v_tokens, array_fill(p_result ->> 'error', array[cardinality(v_ids)]),
    array_fill('PB104'::text, array[cardinality(v_ids)]), null, 'skip'
  ) as f;
  return cardinality(v_ids);
end;
$$;

comment on function backlog_internal.fail_guilty(jsonb) is
  $$Report the items whose rows made a load refuse as failed; return how many.$$;
