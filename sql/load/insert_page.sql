create or replace function backlog_internal.insert_page(
  p_table backlog_internal.pipeline_table,
  p_rows jsonb,
  p_item_id bigint,
  p_lock_token bigint,
  p_quarantine_row_ids bigint[] = null
)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_columns text[] := backlog_internal.delta_columns(p_table);
  v_page    bigint := case when p_item_id is not null then nextval('backlog_internal.delta_page') end;
  v_count   bigint;
begin
  if p_item_id is null and p_quarantine_row_ids is null then
    execute format(
      'insert into %s (%s) select %s from jsonb_populate_recordset(null::%s, $1) as r',
      p_table.delta_table,
      backlog_internal.quoted_list(v_columns),
      backlog_internal.quoted_list(v_columns, 'r.%I'),
      p_table.delta_table
    )
    using p_rows;
  else
    execute format(
      'insert into %s (%s, backlog_item_id, backlog_lock_token, backlog_page, backlog_position,'
        ' backlog_quarantine_id)'
        ' select %s, $2, $3, $4, r.backlog_position, ($5)[r.backlog_position]'
        ' from jsonb_populate_recordset(null::%s, $1) with ordinality as r (%s, backlog_position)',
      p_table.staging_table,
      backlog_internal.quoted_list(v_columns),
      backlog_internal.quoted_list(v_columns, 'r.%I'),
      p_table.delta_table,
      backlog_internal.quoted_list(v_columns)
    )
    -- Rows from quarantine are older than any other.
    using p_rows, p_item_id, p_lock_token, coalesce(v_page, -1), p_quarantine_row_ids;
  end if;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;

comment on function backlog_internal.insert_page(
  backlog_internal.pipeline_table, jsonb, bigint, bigint, bigint[]
) is
  $$Put a JSON array of rows into a delta table with one cast of the whole page; return their number.

Rows with an item go to the staging table, others to the delta table itself. Raises what the cast
raises when a value does not fit.$$;
