create or replace function backlog_internal.newest_first(p_table backlog_internal.pipeline_table)
  returns text
  language sql
  immutable
return coalesce('r.' || quote_ident(p_table.version_column) || ' desc nulls last, ', '')
  || 'r.backlog_page desc, r.backlog_position desc, r.backlog_row desc';

comment on function backlog_internal.newest_first(backlog_internal.pipeline_table) is
  $$Write the order in which copies of a row r are preferred.

The version counts first, then the order of staging, then the place of copied rows.$$;
