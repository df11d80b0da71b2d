create or replace function backlog_internal.hold_retry_item(
  p_id bigint,
  p_lock_token bigint,
  p_holder text
)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_taken backlog_internal.leased_item[];
  v_token bigint := nextval('backlog_internal.retry_lock_token');
begin
  v_taken := backlog_internal.take_leased_strictly(array[p_id], array[p_lock_token], 'raise');

  insert into backlog_internal.retry_lease
    (token, lane_id, part, worker_id, claimed_at, leased_until, ids)
  select v_token, t.lane_id, 0, p_holder, t.claimed_at, 'infinity', array[t.id]
  from unnest(v_taken) as t;

  -- For the limits and the breaker the work is done.
  perform backlog_internal.gate_success(t.gate_id, backlog_internal.clock())
  from unnest(v_taken) as t
  where t.gate_id is not null;

  return v_token;
end;
$$;

comment on function backlog_internal.hold_retry_item(bigint, bigint, text) is
  $$Move one item from its worker's lease to a lease of its own that does not run out; return the new token.

The holder must complete, fail or release the item itself. Raises PB001 when the lease was lost.$$;
