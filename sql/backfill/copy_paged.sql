create or replace function backlog_internal.copy_paged(p_sql text)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set row_security = off
  set jit = off
  set enable_indexscan = off
  set enable_seqscan = off
as $$
declare
  v_rows bigint;
begin
  execute p_sql;
  get diagnostics v_rows = row_count;
  return v_rows;
end;
$$;

comment on function backlog_internal.copy_paged(text) is
  $$Run a statement that copies the rows of a range; return how many it wrote.

Thousands of rows that lie together are read faster page by page, by a bitmap of the index, than one by one; and
never is all of a table read for a range of it. Not for tables with triggers: what these run for each row would
be planned under these settings as well, and keep its plan for the session.$$;
