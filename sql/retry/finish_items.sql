create or replace function backlog_internal.finish_items(
  p_taken backlog_internal.leased_item[],
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
begin
  with gone as (
    delete from backlog_internal.retry_item as i
    using unnest(p_taken) as t, backlog_internal.retry_lane as l
    where i.id = t.id
      and i.lane_id = t.lane_id
      and l.lane_id = t.lane_id
    returning
      i.id, i.lane_id, i.retry_count, i.priority, i.created_at, i.event_id, i.plugin_name,
      i.correlation_id, t.worker_id, t.claimed_at,
      case when l.keep_event_data then i.event_data end as event_data
  )
  insert into backlog_internal.retry_history (
    finished_at, id, lane_id, retry_count, outcome, priority, created_at, claimed_at, event_id,
    worker_id, plugin_name, correlation_id, event_data
  )
  select
    p_now, g.id, g.lane_id, g.retry_count, 'completed', g.priority, g.created_at, g.claimed_at,
    g.event_id, g.worker_id, nullif(g.plugin_name, ''), g.correlation_id, g.event_data
  from gone as g;

  perform backlog_internal.gate_success(u.gate_id, p_now)
  from (
    select distinct t.gate_id from unnest(p_taken) as t where t.gate_id is not null order by t.gate_id
  ) as u;
end;
$$;

comment on function backlog_internal.finish_items(backlog_internal.leased_item[], timestamptz) is
  $$Move items that were just taken out of their leases to the history as completed.

finish_lease does the same for a whole lease in one statement.$$;
