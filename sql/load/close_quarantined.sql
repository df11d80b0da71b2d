create or replace function backlog_internal.close_quarantined(
  p_load_id bigint,
  p_table backlog_internal.pipeline_table
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- Rows that were put back and are still in the delta table have been accepted.
  execute format(
    'update backlog_internal.quarantine_row as q'
      ' set state = ''replayed'', load_id = $1, closed_at = $2, replays = q.replays + 1'
      ' from %s as d where d.backlog_quarantine_id = q.quarantine_row_id',
    p_table.staging_table
  )
  using p_load_id, backlog_internal.clock();

  -- A newer copy took the place of others; where it was parked itself, it kept their row.
  update backlog_internal.quarantine_row as q
  set
    state = 'superseded',
    superseded_by = p_load_id,
    closed_at = backlog_internal.clock()
  from backlog_internal.load_verdict as v
  where v.load_id = p_load_id
    and v.pipeline_table_id = p_table.pipeline_table_id
    and v.action = 'drop'
    and v.quarantine_row_id = q.quarantine_row_id
    and q.state in ('parked', 'replaying')
    and not exists (
      select
      from backlog_internal.load_verdict as k
      where k.load_id = p_load_id
        and k.pipeline_table_id = p_table.pipeline_table_id
        and k.quarantine_row_id = q.quarantine_row_id
        and k.action <> 'drop'
    );
  perform backlog_internal.supersede_quarantined(p_load_id, p_table);
end;
$$;

comment on function backlog_internal.close_quarantined(bigint, backlog_internal.pipeline_table) is
  $$Close the quarantined rows that a load has taken, or has found newer copies of.$$;
