create or replace function backlog_internal.quarantine_rows(
  p_load_id bigint,
  p_table backlog_internal.pipeline_table
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set jit = off
  -- Fresh verdicts have no statistics: a nested loop over them is quadratic.
  set enable_nestloop = off
as $$
begin
  execute format(
    'insert into backlog_internal.refused_row (batch_id, pipeline_table_id, source, row_id, item_id, state,'
      ' row_data, row_key, row_version, arrival_page, arrival_position, reasons, quarantine_row_id, is_new)'
      ' select $1, $2, b.source, b.row_id, b.item_id, case when b.is_parked then ''parked'' else ''waiting'' end,'
      ' to_jsonb(r) - array[''backlog_source'', ''backlog_row'', ''backlog_item_id'', ''backlog_page'','
      ' ''backlog_position'', ''backlog_quarantine_id'', ''backlog_deleted''],'
      ' %s, %s, greatest(r.backlog_page, 0), r.backlog_position, b.reasons,'
      ' coalesce(b.quarantine_row_id, nextval(%L)), b.quarantine_row_id is null'
      ' from (select v.source, v.row_id, max(v.quarantine_row_id) as quarantine_row_id,'
      '  max(v.item_id) as item_id, bool_and(v.action = ''park'') as is_parked,'
      '  array_agg(distinct concat_ws('' '', v.rule, v.constraint_name, v.column_name)) as reasons'
      '  from backlog_internal.load_verdict as v where v.load_id = $1 and v.pipeline_table_id = $2'
      '  and not v.settled group by v.source, v.row_id'
      -- Of an equal copy the other tells all.
      '  having not bool_or(v.action = ''drop'')) as b'
      ' join (%s) as r on r.backlog_source::regclass = b.source and r.backlog_row = b.row_id',
    backlog_internal.key_sql(p_table.key_columns),
    backlog_internal.key_sql(array[p_table.version_column]),
    pg_get_serial_sequence('backlog_internal.quarantine_row', 'quarantine_row_id'),
    backlog_internal.load_rows(p_load_id, p_table.pipeline_table_id)
  )
  using p_load_id, p_table.pipeline_table_id;
  perform backlog_internal.file_refused(p_load_id, p_table, p_load_id);
end;
$$;

comment on function backlog_internal.quarantine_rows(bigint, backlog_internal.pipeline_table) is
  $$Write the refused rows of one table to quarantine, with the reasons.$$;
