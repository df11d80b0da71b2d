create or replace function backlog_internal.sample_rows(
  p_backfill backlog_internal.backfill,
  p_columns text,
  p_order text[]
)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows jsonb;
begin
  -- No more than one chunk reads, however little of it matches.
  execute format(
    'select coalesce(jsonb_agg(to_jsonb(r)), ''[]'') from ('
      'select %s from (select s.* from %s as s%s limit %s) as s where %s limit 5) as r',
    p_columns, p_backfill.source_table, coalesce(' order by ' || nullif(array_to_string(p_order, ', '), ''), ''),
    p_backfill.scan_size, p_backfill.where_sql
  )
  into v_rows;
  return v_rows;
end;
$$;

comment on function backlog_internal.sample_rows(backlog_internal.backfill, text, text[]) is
  $$Return expressions of up to five rows of a source that are the first in an order.$$;
