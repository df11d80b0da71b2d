create or replace function backlog_internal.finish_lease(
  p_token bigint,
  p_ids bigint[],
  p_now timestamptz
)
  returns bigint[]
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set jit = off
  set plan_cache_mode = force_generic_plan
  set enable_seqscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
as $$
declare
  v_rest  bigint[];
  v_gates int[];
begin
  with lease as (
    delete from backlog_internal.retry_lease as s
    using backlog_internal.retry_lane as l
    where s.token = p_token
      and (p_ids is null or s.ids = p_ids or s.ids <@ p_ids)
      and l.lane_id = s.lane_id
    returning s.lane_id, s.gate_id, s.worker_id, s.claimed_at, s.ids, l.keep_event_data
  ), gone as (
    delete from backlog_internal.retry_item as i
    using lease as s
    where i.id = any (s.ids)
      and i.lane_id = s.lane_id
    returning
      i.id, i.lane_id, i.retry_count, i.priority, i.created_at, i.event_id, i.plugin_name,
      i.correlation_id, s.worker_id, s.claimed_at,
      case when s.keep_event_data then i.event_data end as event_data
  ), kept as (
    insert into backlog_internal.retry_history (
      finished_at, id, lane_id, retry_count, outcome, priority, created_at, claimed_at, event_id,
      worker_id, plugin_name, correlation_id, event_data
    )
    select
      p_now, g.id, g.lane_id, g.retry_count, 'completed', g.priority, g.created_at, g.claimed_at,
      g.event_id, g.worker_id, nullif(g.plugin_name, ''), g.correlation_id,
      g.event_data
    from gone as g
  )
  select
    case
      when sum(cardinality(s.ids)) is null then coalesce(p_ids, '{null}')
      when p_ids is null or sum(cardinality(s.ids)) = cardinality(p_ids) then '{}'
      else array(select u.id from unnest(p_ids) as u (id) except select unnest(d.ids) from lease as d)
    end,
    array_agg(distinct s.gate_id) filter (where s.gate_id is not null)
  into v_rest, v_gates
  from lease as s;

  if v_gates is not null then
    perform backlog_internal.gate_success(u.gate_id, p_now) from unnest(v_gates) as u (gate_id);
  end if;
  return v_rest;
end;
$$;

comment on function backlog_internal.finish_lease(bigint, bigint[], timestamptz) is
  $$Complete all leases under a lock token; with p_ids those that hold none but these items.

Returns what is left: the ids that no such lease held, or one null when p_ids is null and nothing is
under the token.$$;
