create or replace function backlog_internal.gate_allowance(p_gate_id int, p_now timestamptz)
  returns int
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_gate   backlog_internal.retry_gate;
  v_policy backlog_internal.retry_policy;
  v_flying bigint := 0;
  v_tokens numeric;
  v_allow  bigint := 2147483647;
begin
  -- Another claimer at this gate: it takes what may be taken, nobody waits for it.
  select g.*
  into v_gate
  from backlog_internal.retry_gate as g
  where g.gate_id = p_gate_id
  for update skip locked;
  if not found then
    return 0;
  end if;
  v_policy := backlog_internal.effective_policy(v_gate.event_type);

  if v_policy.concurrency_limit is not null or v_gate.state <> 'closed' then
    select coalesce(sum(cardinality(s.ids)), 0)
    into v_flying
    from backlog_internal.retry_lease as s
    where s.gate_id = p_gate_id;
  end if;
  if v_policy.concurrency_limit is not null then
    v_allow := least(v_allow, v_policy.concurrency_limit - v_flying);
  end if;

  if v_gate.state = 'open' and v_gate.reopen_at > p_now then
    return 0;
  elsif v_gate.state <> 'closed' then
    v_allow := least(v_allow, v_policy.breaker_probes - v_flying);
    if v_gate.state = 'open' then
      update backlog_internal.retry_gate as g
      set state = 'half_open', changed_at = p_now
      where g.gate_id = p_gate_id;
    end if;
  end if;

  if v_policy.rate_limit_per_second is not null then
    v_tokens := backlog_internal.bucket_tokens(v_gate, v_policy, p_now);
    v_allow := least(v_allow, floor(v_tokens)::bigint);
    update backlog_internal.retry_gate as g
    set tokens = v_tokens, refilled_at = p_now
    where g.gate_id = p_gate_id;
  end if;

  return greatest(v_allow, 0);
end;
$$;

comment on function backlog_internal.gate_allowance(int, timestamptz) is
  $$Return how many items may pass a gate now, by breaker state, concurrency limit and token bucket.

Locks the gate until the transaction ends; returns 0 when another claimer has it.$$;
