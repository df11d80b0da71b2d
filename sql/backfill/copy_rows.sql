create or replace function backlog_internal.copy_rows(p_backfill backlog_internal.backfill, p_where text)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  -- Rows that a policy hides are an error: they would be missing.
  set row_security = off
as $$
declare
  v_source "char" := (select c.relkind from pg_class as c where c.oid = p_backfill.source_table);
  v_target record;
  v_rows   bigint;
begin
  select c.relkind, c.relhastriggers into v_target from pg_class as c where c.oid = p_backfill.target_table;
  if v_target.relkind <> 'r' then
    -- Another server may keep what this one loses in a crash.
    perform backlog_internal.commit_durably();
  end if;
  if p_backfill.write_mode = 'upsert' and exists (
    select from pg_foreign_table as f where f.ftrelid = p_backfill.target_table
  ) then
    perform backlog_internal.clear_foreign_rows(p_backfill, p_where);
  end if;
  if coalesce(p_backfill.converts, backlog_internal.converts(p_backfill)) then
    return backlog_internal.copy_converted(backlog_internal.copy_sql(p_backfill, p_where));
  end if;
  if v_target.relkind = 'r' and not v_target.relhastriggers and v_source in ('r', 'm', 'p') then
    return backlog_internal.copy_paged(backlog_internal.copy_sql(p_backfill, p_where));
  end if;
  execute backlog_internal.copy_sql(p_backfill, p_where);
  get diagnostics v_rows = row_count;
  return v_rows;
end;
$$;

comment on function backlog_internal.copy_rows(backlog_internal.backfill, text) is
  $$Copy the rows of the source s for which a condition holds; return how many the destination took.$$;
