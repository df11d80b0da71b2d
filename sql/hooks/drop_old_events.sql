create or replace function backlog_internal.drop_old_events(p_limit int)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '1s'
as $$
declare
  v_before  timestamptz := backlog_internal.clock()
    - make_interval(days => backlog_internal.setting('event_retention_days')::int);
  v_rows    bigint;
  v_removed bigint;
begin
  -- Events of which deliveries are still to be made are kept, however old.
  v_before := least(v_before, (
    select min((i.event_data ->> 'oldest_at')::timestamptz)
    from (
      select r.event_data
      from backlog_internal.retry_lane as l
      join backlog_internal.retry_ready as y on y.lane_id = l.lane_id
      join backlog_internal.retry_item as r on r.id = y.id and r.lane_id = y.lane_id
      where l.event_type = 'hook.expand'
      union all
      select d.event_data
      from backlog_internal.retry_lane as l
      join backlog_internal.dead_letter as d on d.lane_id = l.lane_id
      where l.event_type = 'hook.expand'
      union all
      select r.event_data
      from backlog_internal.retry_lane as l
      join backlog_internal.retry_lease as s on s.lane_id = l.lane_id
      cross join lateral unnest(s.ids) as u (id)
      join backlog_internal.retry_item as r on r.id = u.id and r.lane_id = s.lane_id
      where l.event_type = 'hook.expand'
    ) as i
  ));

  v_removed := backlog_internal.drop_day_partitions('event', v_before);

  delete from backlog_internal.event_default as e
  where (e.event_id, e.created_at) in (
    select o.event_id, o.created_at
    from backlog_internal.event_default as o
    where o.created_at < v_before
    limit p_limit
  );
  get diagnostics v_rows = row_count;
  return v_removed + v_rows;
end;
$$;

comment on function backlog_internal.drop_old_events(int) is
  $$Remove events older than event_retention_days, whole days by dropping their partition; return how many.$$;
