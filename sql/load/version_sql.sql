create or replace function backlog_internal.version_sql(p_table backlog_internal.pipeline_table)
  returns text
  language sql
  immutable
return case
  when p_table.version_column is null then 'true'
  else format('(s.%1$I is null or coalesce(r.%1$I >= s.%1$I, false))', p_table.version_column)
end;

comment on function backlog_internal.version_sql(backlog_internal.pipeline_table) is
  $$Write the condition that a row r is not older than the stable row s.$$;
