create or replace function backlog_internal.write_refused(
  p_batch_id bigint,
  p_table backlog_internal.pipeline_table,
  p_load_id bigint
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set jit = off
  set enable_nestloop = off
as $$
declare
  v_now timestamptz := backlog_internal.clock();
begin
  insert into backlog_internal.quarantine_row (
    quarantine_row_id, pipeline_id, pipeline_table_id, state, row_data, row_key, row_version,
    arrival_page, arrival_position, item_id, load_id, created_at, last_seen_at, parked_until, closed_at
  )
  select
    f.quarantine_row_id, p_table.pipeline_id, p_table.pipeline_table_id, f.state, f.row_data, f.row_key,
    f.row_version, f.arrival_page, f.arrival_position, f.item_id, p_load_id, v_now, v_now,
    case f.state when 'parked' then v_now + make_interval(secs => p_table.park_seconds) end,
    case f.state when 'value_dropped' then v_now end
  from backlog_internal.refused_row as f
  where f.batch_id = p_batch_id
    and f.pipeline_table_id = p_table.pipeline_table_id
    and f.is_new
    and not f.is_filed;

  update backlog_internal.quarantine_row as q
  set
    state = f.state,
    row_data = f.row_data,
    row_version = f.row_version,
    item_id = case when f.is_again then f.item_id else q.item_id end,
    load_id = coalesce(p_load_id, q.load_id),
    superseded_by = null,
    arrival_page = greatest(f.arrival_page, q.arrival_page),
    arrival_position = case when f.is_again then f.arrival_position else q.arrival_position end,
    replays = q.replays + (q.state = 'replaying')::int,
    seen_count = q.seen_count + f.is_again::int,
    last_seen_at = case when f.is_again then v_now else q.last_seen_at end,
    parked_until = case f.state
      when 'parked' then coalesce(q.parked_until, v_now + make_interval(secs => p_table.park_seconds))
    end,
    closed_at = case f.state when 'value_dropped' then v_now end
  from backlog_internal.refused_row as f
  where f.batch_id = p_batch_id
    and f.pipeline_table_id = p_table.pipeline_table_id
    and not f.is_new
    and not f.is_filed
    and q.quarantine_row_id = f.quarantine_row_id
    -- For an index scan, where the planner could otherwise but read all of quarantine.
    and q.quarantine_row_id = any (array(
      select g.quarantine_row_id
      from backlog_internal.refused_row as g
      where g.batch_id = p_batch_id
        and g.pipeline_table_id = p_table.pipeline_table_id
        and not g.is_new
        and not g.is_filed
    ))
    -- A parked row that still waits is not written again.
    and (
      f.is_again and q.state <> 'parked'
      or q.state <> f.state
      or q.row_data <> f.row_data
    );

  perform backlog_internal.outdo_waiting(p_batch_id, p_table.pipeline_table_id, p_load_id);
end;
$$;

comment on function backlog_internal.write_refused(bigint, backlog_internal.pipeline_table, bigint) is
  $$Insert the refused rows that are new to quarantine, bring the others up to date, close what they outdo.$$;
