create or replace function backlog_internal.rescue_leases(p_limit int, p_now timestamptz)
  returns int
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set jit = off
  set enable_seqscan = off
as $$
declare
  v_gates int[];
  v_taken backlog_internal.leased_item[];
begin
  -- A claimer may already be inside a gate: it must not wait for another one, or two of them deadlock.
  v_gates := array(
    select g.gate_id
    from backlog_internal.retry_lease as e
    join backlog_internal.retry_lane as l on l.lane_id = e.lane_id
    join backlog_internal.retry_gate as g on g.gate_id = l.gate_id
    where e.leased_until <= p_now
    for update of g skip locked
  );

  -- SKIP LOCKED: a worker that is completing at this moment wins.
  -- Materialized: inside a join the limit would hold anew for every row of the other side.
  with found as materialized (
    select e.token, e.lane_id, e.part
    from backlog_internal.retry_lease as e
    join backlog_internal.retry_lane as l on l.lane_id = e.lane_id
    where e.leased_until <= p_now
      and (l.gate_id is null or l.gate_id = any (v_gates))
    order by e.leased_until
    limit p_limit
    for update of e skip locked
  ), expired as (
    delete from backlog_internal.retry_lease as s
    using found as x
    where s.token = x.token
      and s.lane_id = x.lane_id
      and s.part = x.part
    returning s.*
  )
  select array_agg(
    row(u.id, s.lane_id, s.gate_id, s.token, s.worker_id, s.claimed_at)::backlog_internal.leased_item
  )
  into v_taken
  from expired as s
  cross join lateral unnest(s.ids) as u (id);

  if v_taken is null then
    return 0;
  end if;

  -- Read anew, now that the transaction has its id: the marks rely on it.
  p_now := backlog_internal.write_clock();
  perform backlog_internal.fail_items(
    v_taken,
    array(
      select row(
        t.id, format('the lease of worker %s ran out', t.worker_id), 'lease_expired', null
      )::backlog_internal.failure
      from unnest(v_taken) as t
    ),
    p_now
  );
  return cardinality(v_taken);
end;
$$;

comment on function backlog_internal.rescue_leases(int, timestamptz) is
  $$Return the items of up to p_limit expired leases as failed attempts; return how many items.

A crash thus counts as an attempt, and an item that kills its workers ends as a dead letter.$$;
