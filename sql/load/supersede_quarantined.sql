create or replace function backlog_internal.supersede_quarantined(
  p_load_id bigint,
  p_table backlog_internal.pipeline_table
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set jit = off
  -- A nested loop would read all rows of the load for each that waits.
  set enable_nestloop = off
as $$
declare
  v_ids bigint[];
begin
  if not exists (
    select
    from backlog_internal.quarantine_row as q
    where q.pipeline_table_id = p_table.pipeline_table_id
      and q.state = 'waiting'
      and q.row_key is not null
  ) then
    return;
  end if;

  -- The keys of the waiting rows are read once, before the join: inside of it that would be per row.
  execute format(
    'with waiting as materialized ('
      '  select q.quarantine_row_id, q.arrival_page, q.arrival_position, q.load_id, k as key'
      '  from backlog_internal.quarantine_row as q'
      '  cross join lateral jsonb_populate_record(null::%s, q.row_key || coalesce(q.row_version, ''{}'')) as k'
      '  where q.pipeline_table_id = $2 and q.state = ''waiting'' and q.row_key is not null'
      ')'
      ' select array_agg(q.quarantine_row_id) from waiting as q'
      '  cross join lateral (select (q.key).*) as s'
      '  join (%s) as r on %s'
      '  where r.backlog_quarantine_id is null'
      '  and ((q.arrival_page, q.arrival_position) < (r.backlog_page, r.backlog_position)'
      '   or r.backlog_page = 0 and q.load_id is distinct from $1)'
      '  and %s',
    p_table.delta_table,
    backlog_internal.load_rows(p_load_id, p_table.pipeline_table_id),
    backlog_internal.quoted_list(p_table.key_columns, 's.%I = r.%I', ' and '),
    backlog_internal.version_sql(p_table)
  )
  into v_ids
  using p_load_id, p_table.pipeline_table_id;

  update backlog_internal.quarantine_row as q
  set
    state = case when d.id is null then 'superseded' else q.state end,
    superseded_by = p_load_id,
    closed_at = case when d.id is null then backlog_internal.clock() end
  from unnest(v_ids) as u (id)
  -- Of two different copies in one page the later was taken; somebody should see the other.
  left join (
    select distinct v.quarantine_row_id as id
    from backlog_internal.load_verdict as v
    where v.load_id = p_load_id
      and v.pipeline_table_id = p_table.pipeline_table_id
      and v.rule = 'duplicate'
  ) as d on d.id = u.id
  where q.quarantine_row_id = u.id
    and q.quarantine_row_id = any (v_ids);
end;
$$;

comment on function backlog_internal.supersede_quarantined(bigint, backlog_internal.pipeline_table) is
  $$Close the quarantined rows of which a load has brought a newer copy, so that nobody replays them over it.

Newer is what came later and, where there is a version column, does not have a smaller version.$$;
