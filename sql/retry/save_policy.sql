create or replace function backlog_internal.save_policy(p_policy backlog_internal.retry_policy)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_constraint text;
begin
  delete from backlog_internal.retry_policy as p where p.event_type = p_policy.event_type;
  insert into backlog_internal.retry_policy select p_policy.*;

  update backlog_internal.retry_lane as l
  set gate_id = backlog_internal.gate_for_lane(
    l.event_type, l.channel_name, backlog_internal.effective_policy(l.event_type)
  )
  where p_policy.event_type in (l.event_type, '*')
    and l.gate_id is distinct from backlog_internal.gate_for_lane(
      l.event_type, l.channel_name, backlog_internal.effective_policy(l.event_type)
    );

  update backlog_internal.retry_lane as l
  set
    blocked_until = backlog_internal.lane_blocked_until(p.policy, l.gate_id),
    keep_event_data = (p.policy).keep_event_data,
    max_retries = (p.policy).max_retries
  from (
    select k.lane_id, backlog_internal.effective_policy(k.event_type) as policy
    from backlog_internal.retry_lane as k
    where p_policy.event_type in (k.event_type, '*')
  ) as p
  where l.lane_id = p.lane_id
    and (l.blocked_until, l.keep_event_data, l.max_retries) is distinct from (
      backlog_internal.lane_blocked_until(p.policy, l.gate_id), (p.policy).keep_event_data,
      (p.policy).max_retries
    );
exception
  -- The table's own checks are the only definition of the ranges; here they get a code and a hint.
  when check_violation then
    get stacked diagnostics v_constraint = constraint_name;
    raise exception using
      errcode = 'PB003',
      message = format('the policy of %s breaks its rule %s', p_policy.event_type, v_constraint),
      hint = 'See the comment of backlog.set_retry_policy for the ranges. Nothing was changed.';
end;
$$;

comment on function backlog_internal.save_policy(backlog_internal.retry_policy) is
  $$Store a policy and bring the lanes that it governs in line with it.

Raises PB003 when a value breaks a check of the table.$$;
