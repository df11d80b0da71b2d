create or replace function backlog_internal.rows_sql(
  p_table backlog_internal.pipeline_table,
  p_load_id bigint,
  p_copied boolean,
  p_staged boolean
)
  returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select concat_ws(
    ' union all ',
    case when p_copied or not p_staged then format(
      'select d.tableoid as backlog_source, d.ctid as backlog_row, null::bigint as backlog_item_id,'
        ' 0::bigint as backlog_page, 0 as backlog_position, null::bigint as backlog_quarantine_id,'
        ' %s as backlog_deleted, %s from only %s as d',
      coalesce('coalesce(d.' || quote_ident(p_table.delete_column) || ', false)', 'false'),
      backlog_internal.quoted_list(backlog_internal.delta_columns(p_table), 'd.%I'),
      p_table.delta_table
    ) end,
    case when p_staged then format(
      'select d.tableoid as backlog_source, d.ctid as backlog_row, d.backlog_item_id, d.backlog_page,'
        ' d.backlog_position, d.backlog_quarantine_id, %s as backlog_deleted, %s from %s as d'
        ' where d.backlog_quarantine_id is not null'
        ' or (d.backlog_item_id, d.backlog_lock_token) in ('
        'select i.item_id, i.lock_token from backlog_internal.staged_item as i'
        ' where i.load_id = %s and i.problem is null)',
      coalesce('coalesce(d.' || quote_ident(p_table.delete_column) || ', false)', 'false'),
      backlog_internal.quoted_list(backlog_internal.delta_columns(p_table), 'd.%I'),
      p_table.staging_table,
      p_load_id
    ) end
  )
$$;

comment on function backlog_internal.rows_sql(backlog_internal.pipeline_table, bigint, boolean, boolean) is
  $$Write the query for the rows of one table in one load that no verdict has removed.

p_copied and p_staged tell whether the delta table and its staging table have any; a query of one table
can be planned better.$$;
