create or replace function backlog_internal.apply_verdicts(
  p_verdicts backlog_internal.failure_verdict[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set jit = off
  set plan_cache_mode = force_generic_plan
  set enable_seqscan = off
as $$
declare
  v_dead bigint[] := array(select v.id from unnest(p_verdicts) as v where v.dead_reason is not null);
begin
  update backlog_internal.retry_item as i
  set retry_count = v.retry_count, run_at = v.run_at, errors = v.errors
  from unnest(p_verdicts) as v
  where i.id = v.id
    and i.lane_id = v.lane_id;

  insert into backlog_internal.retry_ready (lane_id, priority, run_at, id)
  select v.lane_id, v.priority, v.run_at, v.id
  from unnest(p_verdicts) as v
  where v.dead_reason is null;

  insert into backlog_internal.retry_history (
    finished_at, id, lane_id, retry_count, outcome, priority, created_at, claimed_at, event_id,
    worker_id, plugin_name, correlation_id, error_code, error
  )
  select
    p_now, i.id, i.lane_id, i.retry_count,
    case when v.dead_reason is null then 'failed' else 'dead_letter' end,
    i.priority, i.created_at, v.claimed_at, i.event_id, v.worker_id, nullif(i.plugin_name, ''),
    i.correlation_id, v.error_code, v.error
  from unnest(p_verdicts) as v
  join backlog_internal.retry_item as i on i.id = v.id and i.lane_id = v.lane_id;

  if cardinality(v_dead) > 0 then
    perform backlog_internal.bury_items(p_verdicts, p_now);
    perform backlog_internal.open_dead_letter_incidents(v_dead);
  end if;
  perform backlog_internal.gate_verdicts(p_verdicts, p_now);
end;
$$;

comment on function backlog_internal.apply_verdicts(backlog_internal.failure_verdict[], timestamptz) is
  $$Carry out what was decided for failed items: wait again or become dead letters; history and gates.$$;
