create or replace function backlog_internal.crowd_reason(p_backfill backlog_internal.backfill, p_lock_token bigint)
  returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select format('%s workers are busy with it', p_backfill.workers)
  from backlog_internal.retry_lane as l
  join backlog_internal.retry_lease as s on s.lane_id = l.lane_id
  where l.event_type = backlog_internal.backfill_event_type(p_backfill)
    and l.channel_name = p_backfill.backfill_id::text
    -- Who came first may stay: no two workers can send each other away.
    and s.token < p_lock_token
  having count(*) >= p_backfill.workers
$$;

comment on function backlog_internal.crowd_reason(backlog_internal.backfill, bigint) is
  $$Tell why one more worker is not wanted: as many as the backfill allows came before; null when it is.$$;
