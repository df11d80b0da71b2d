create or replace function backlog.refresh_due_exports(p_limit int = 10)
  returns table (export text, etag text, changed boolean)
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_export backlog_internal.export;
begin
  for v_export in
    select e.*
    from backlog_internal.export as e
    where e.due
    order by e.refreshed_at nulls first, e.export_id
    limit p_limit
    for update skip locked
  loop
    export := v_export.name;
    etag := backlog.refresh_export(v_export.name);
    changed := etag is distinct from v_export.etag and etag is not null;
    return next;
  end loop;
end;
$$;

comment on function backlog.refresh_due_exports(int) is
  $$Refresh the exports whose pipelines were loaded since their last refresh, at most p_limit.

Returns one row per export: its ETag (null when its query failed) and whether the document changed.$$;
