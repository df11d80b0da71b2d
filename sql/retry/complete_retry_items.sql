create or replace function backlog.complete_retry_items(
  p_ids bigint[],
  p_lock_tokens bigint[],
  p_on_stale text = 'raise'
)
  returns table (id bigint, outcome text)
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now    timestamptz := backlog_internal.clock();
  v_rest   bigint[] := p_ids;
  v_tokens bigint[] := p_lock_tokens;
  v_taken  backlog_internal.leased_item[];
begin
  -- The usual ack is a whole batch as it was acquired: under one token, every lease of it whole.
  if p_on_stale in ('raise', 'skip')
    and p_lock_tokens[1] = all (p_lock_tokens)
    and cardinality(p_lock_tokens) = cardinality(p_ids)
  then
    v_rest := backlog_internal.finish_lease(p_lock_tokens[1], p_ids, v_now);
    if v_rest = '{}' then
      return query select u.id, 'completed'::text from unnest(p_ids) as u (id);
      return;
    end if;
    v_tokens := p_lock_tokens[1:cardinality(v_rest)];
  end if;

  v_taken := backlog_internal.take_leased_strictly(v_rest, v_tokens, p_on_stale);
  perform backlog_internal.finish_items(v_taken, v_now);

  return query
  select u.id, case when r.id is not null and t.id is null then 'stale' else 'completed' end
  from unnest(p_ids, p_lock_tokens) with ordinality as u (id, token, place)
  left join (select distinct w.id, w.token from unnest(v_rest, v_tokens) as w (id, token)) as r
    on r.id = u.id and r.token = u.token
  left join unnest(v_taken) as t on t.id = u.id and t.token = u.token
  order by u.place;
end;
$$;

comment on function backlog.complete_retry_items(bigint[], bigint[], text) is
  $$Complete many retry items at once: p_ids and the lock_token of each, by position.

Returns one row per item: completed, or stale when its lease was lost and p_on_stale is skip. With
p_on_stale raise, the default, one lost lease undoes the whole call, so that data written in the same
transaction rolls back too.

Raises PB001 when a lease was lost, PB002 when an item does not exist, PB003 when the arguments do not
fit.$$;
