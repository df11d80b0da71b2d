create or replace function backlog_internal.file_refused(
  p_batch_id bigint,
  p_table backlog_internal.pipeline_table,
  p_load_id bigint = null
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set jit = off
  -- Fresh notes have no statistics: a nested loop over them is quadratic.
  set enable_nestloop = off
as $$
begin
  perform backlog_internal.find_refused(p_batch_id, p_table.pipeline_table_id);

  update backlog_internal.load_verdict as v
  set
    quarantine_row_id = f.quarantine_row_id,
    -- A row that a person must look at does not wait for its parent any more.
    action = case when f.state = 'waiting' and v.action = 'park' then 'quarantine_row' else v.action end
  from backlog_internal.refused_row as f
  where f.batch_id = p_batch_id
    and f.pipeline_table_id = p_table.pipeline_table_id
    and not f.is_filed
    and v.load_id = p_batch_id
    and v.pipeline_table_id = f.pipeline_table_id
    and v.source = f.source
    and v.row_id = f.row_id
    and (
      v.quarantine_row_id is distinct from f.quarantine_row_id
      or v.action = 'park' and f.state = 'waiting'
    );

  perform backlog_internal.write_refused(p_batch_id, p_table, p_load_id);
  perform backlog_internal.quarantine_reasons(p_batch_id, p_table);
  update backlog_internal.refused_row as f
  set is_filed = true
  where f.batch_id = p_batch_id
    and f.pipeline_table_id = p_table.pipeline_table_id
    and not f.is_filed;
end;
$$;

comment on function backlog_internal.file_refused(bigint, backlog_internal.pipeline_table, bigint) is
  $$Write the refused rows of one table to quarantine, with the reasons, unless quarantine has them already.$$;
