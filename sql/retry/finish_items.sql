create or replace function backlog_internal.finish_items(
  p_lane_id int,
  p_ids bigint[],
  p_worker_id text,
  p_claimed_at timestamptz,
  p_gate_id int,
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
as $$
declare
  v_keep boolean;
begin
  select p.keep_event_data
  into v_keep
  from backlog_internal.retry_lane as l
  join backlog_internal.retry_policy as p on p.event_type in (l.event_type, '*')
  where l.lane_id = p_lane_id
  order by p.event_type = '*'
  limit 1;

  with gone as (
    delete from backlog_internal.retry_item as i
    where i.id = any (p_ids)
      and i.lane_id = p_lane_id
    returning
      i.id, i.retry_count, i.priority, i.created_at, i.event_id, i.plugin_name, i.correlation_id,
      case when v_keep then i.event_data end as event_data
  )
  insert into backlog_internal.retry_history (
    finished_at, id, lane_id, retry_count, outcome, priority, created_at, claimed_at, event_id,
    worker_id, plugin_name, correlation_id, event_data
  )
  select
    p_now, g.id, p_lane_id, g.retry_count, 'completed', g.priority, g.created_at, p_claimed_at,
    g.event_id, p_worker_id, nullif(g.plugin_name, ''), g.correlation_id, g.event_data
  from gone as g;

  if p_gate_id is not null then
    perform backlog_internal.gate_success(p_gate_id, p_now);
  end if;
end;
$$;

comment on function backlog_internal.finish_items(int, bigint[], text, timestamptz, int, timestamptz) is
  $$Move items of one lane, already out of their lease, to the history as completed.$$;
