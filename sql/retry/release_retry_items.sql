create or replace function backlog.release_retry_items(
  p_ids bigint[],
  p_lock_tokens bigint[],
  p_on_stale text = 'raise'
)
  returns table (id bigint, outcome text)
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
  set jit = off
  set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_taken backlog_internal.leased_item[];
  v_now   timestamptz;
begin
  v_taken := backlog_internal.take_leased_strictly(p_ids, p_lock_tokens, p_on_stale);
  v_now := backlog_internal.write_clock();

  with free as (
    update backlog_internal.retry_item as i
    set run_at = v_now
    from unnest(v_taken) as t
    where i.id = t.id
      and i.lane_id = t.lane_id
    returning i.lane_id, i.priority, i.run_at, i.id
  )
  insert into backlog_internal.retry_ready (lane_id, priority, run_at, id)
  select f.lane_id, f.priority, f.run_at, f.id from free as f;

  perform backlog_internal.announce_work(l.event_type, v_now)
  from backlog_internal.retry_lane as l
  where l.lane_id in (select t.lane_id from unnest(v_taken) as t);

  return query
  select u.id, case when t.id is null then 'stale' else 'released' end
  from unnest(p_ids, p_lock_tokens) with ordinality as u (id, token, place)
  left join unnest(v_taken) as t on t.id = u.id and t.token = u.token
  order by u.place;
end;
$$;

comment on function backlog.release_retry_items(bigint[], bigint[], text) is
  $$Give acquired items back at once without counting an attempt, for example when a worker stops.

Returns one row per item: released, or stale when its lease was lost and p_on_stale is skip.

Raises PB001 when a lease was lost, PB002 when an item does not exist, PB003 when the arguments do not
fit.$$;
