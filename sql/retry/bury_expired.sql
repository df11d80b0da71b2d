create or replace function backlog_internal.bury_expired(p_token bigint, p_now timestamptz)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids bigint[] := array(
    select i.id
    from backlog_internal.retry_lease as s
    cross join lateral unnest(s.ids) as u (id)
    join backlog_internal.retry_item as i on i.id = u.id and i.lane_id = s.lane_id
    where s.token = p_token
      and i.expires_at <= p_now
  );
begin
  perform backlog_internal.apply_verdicts(
    array(
      select row(
        i.id, i.lane_id, i.priority, null, 'expire', 'expired', i.retry_count, i.run_at, i.errors,
        null, null, format('expired at %s before it was worked on', i.expires_at), 'expired'
      )::backlog_internal.failure_verdict
      from backlog_internal.take_leased(v_ids, array_fill(p_token, array[cardinality(v_ids)])) as t
      join backlog_internal.retry_item as i on i.id = t.id and i.lane_id = t.lane_id
    ),
    p_now
  );
end;
$$;

comment on function backlog_internal.bury_expired(bigint, timestamptz) is
  $$Make dead letters of the items of a batch whose expires_at had passed when they were claimed.$$;
