create or replace function backlog_internal.tick_hooks(p_limit int = 10000)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_before    timestamptz := backlog_internal.clock()
    - make_interval(days => backlog_internal.setting('incident_retention_days')::int);
  v_cancelled bigint;
  v_called    bigint;
  v_rolled    bigint;
  v_settled   bigint;
  v_removed   bigint;
begin
  v_cancelled := backlog_internal.cancel_orphans(p_limit);
  v_called := backlog_internal.repair_turns(p_limit);
  v_rolled := backlog_internal.roll_up_failures();
  v_settled := backlog_internal.settle_incidents(p_limit);
  delete from backlog_internal.incident as i
  where i.incident_id in (
    select o.incident_id
    from backlog_internal.incident as o
    where o.state <> 'open'
      and o.resolved_at < v_before
    limit p_limit
  );
  get diagnostics v_removed = row_count;

  return jsonb_build_object(
    'orphans_cancelled', v_cancelled,
    'turns_repaired', v_called,
    'failures_rolled_up', v_rolled,
    'incidents_settled', v_settled,
    'incidents_removed', v_removed
  );
end;
$$;

comment on function backlog_internal.tick_hooks(int) is
  $$Keep house in hooks and incidents: turns, failure counts, settled incidents. Return what was done as JSON.$$;
