create or replace function backlog_internal.quarantine_rows(
  p_load_id bigint,
  p_table backlog_internal.pipeline_table
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  -- Fresh verdicts have no statistics: a nested loop over them is quadratic.
  set enable_nestloop = off
as $$
declare
  v_rows text := backlog_internal.load_rows(p_load_id, p_table.pipeline_table_id);
  v_key  text := coalesce(
    'jsonb_build_object(' || nullif(backlog_internal.key_pairs(p_table), '') || ')', 'null::jsonb'
  );
begin
  -- A row that is parked already is the same row, however often it is fetched.
  if p_table.on_foreign_key = 'park' then
    execute format(
      'update backlog_internal.load_verdict as v set quarantine_row_id = q.quarantine_row_id'
        ' from (%s) as r'
        ' join backlog_internal.quarantine_row as q'
        ' on q.pipeline_table_id = $2 and q.state = ''parked'' and q.row_key = %s'
        ' where v.load_id = $1 and v.pipeline_table_id = $2 and not v.settled and v.action = ''park'''
        ' and v.source = r.backlog_source::regclass and v.row_id = r.backlog_row'
        ' and v.quarantine_row_id is null',
      v_rows, v_key
    )
    using p_load_id, p_table.pipeline_table_id;
  end if;

  -- Materialized: a join that reads the numbers twice would give one row two of them.
  with n as materialized (
    select
      u.source,
      u.row_id,
      nextval(pg_get_serial_sequence('backlog_internal.quarantine_row', 'quarantine_row_id')) as id
    from (
      select distinct u.source, u.row_id
      from backlog_internal.load_verdict as u
      where u.load_id = p_load_id
        and u.pipeline_table_id = p_table.pipeline_table_id
        and u.quarantine_row_id is null
        and u.action <> 'drop'
        and not u.settled
    ) as u
  )
  update backlog_internal.load_verdict as v
  set quarantine_row_id = n.id
  from n
  where v.load_id = p_load_id
    and v.pipeline_table_id = p_table.pipeline_table_id
    and v.source = n.source
    and v.row_id = n.row_id
    and v.quarantine_row_id is null
    and not v.settled;

  execute format(
    'insert into backlog_internal.quarantine_row as q (quarantine_row_id, pipeline_id, pipeline_table_id,'
      ' state, row_data, row_key, item_id, load_id, created_at, parked_until)'
      ' select b.id, $3, $2, case when b.is_parked then ''parked'' else ''waiting'' end,'
      ' to_jsonb(r) - array[''backlog_source'', ''backlog_row'', ''backlog_item_id'', ''backlog_page'','
      ' ''backlog_position'', ''backlog_quarantine_id'', ''backlog_deleted''], %s, b.item_id, $1, $4,'
      ' case when b.is_parked then $4 + make_interval(secs => $5) end'
      ' from (select v.source, v.row_id, max(v.quarantine_row_id) as id, max(v.item_id) as item_id,'
      '  bool_and(v.action = ''park'') as is_parked'
      '  from backlog_internal.load_verdict as v where v.load_id = $1 and v.pipeline_table_id = $2'
      '  and not v.settled and v.action <> ''drop'' group by v.source, v.row_id) as b'
      ' join (%s) as r on r.backlog_source::regclass = b.source and r.backlog_row = b.row_id'
      ' on conflict (quarantine_row_id) do update'
      ' set state = excluded.state, row_data = excluded.row_data, load_id = excluded.load_id,'
      ' parked_until = case when excluded.state = ''parked'''
      '  then coalesce(q.parked_until, excluded.parked_until) end'
      -- A parked row that still waits is not written again.
      ' where q.state <> excluded.state or q.row_data <> excluded.row_data',
    v_key, v_rows
  )
  using p_load_id, p_table.pipeline_table_id, p_table.pipeline_id, backlog_internal.clock(),
    p_table.park_seconds;
  perform backlog_internal.quarantine_reasons(p_load_id, p_table);
end;
$$;

comment on function backlog_internal.quarantine_rows(bigint, backlog_internal.pipeline_table) is
  $$Write the refused rows of one table to quarantine, with the reasons.$$;
