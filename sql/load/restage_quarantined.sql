create or replace function backlog_internal.restage_quarantined(p_table backlog_internal.pipeline_table)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows jsonb;
  v_ids  bigint[];
begin
  select
    jsonb_agg(q.row_data order by q.quarantine_row_id),
    array_agg(q.quarantine_row_id order by q.quarantine_row_id)
  into v_rows, v_ids
  from backlog_internal.quarantine_row as q
  where q.pipeline_table_id = p_table.pipeline_table_id
    and q.state in ('parked', 'replaying');

  if v_ids is null then
    return 0;
  end if;
  return backlog_internal.insert_page(p_table, v_rows, null, null, v_ids);
end;
$$;

comment on function backlog_internal.restage_quarantined(backlog_internal.pipeline_table) is
  $$Put parked and replayed rows back into the delta table for one load; return their number.

They are older than anything staged, so a newer copy of the same row wins.$$;
