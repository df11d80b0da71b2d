create or replace function backlog_internal.count_rows(p_backfill backlog_internal.backfill, p_where text)
  returns bigint
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  execute format('select count(*) from %s as s where %s', p_backfill.source_table, p_where) into v_rows;
  return v_rows;
end;
$$;

comment on function backlog_internal.count_rows(backlog_internal.backfill, text) is
  $$Count the rows of the source s for which a condition holds; only ever asked of one chunk.$$;
