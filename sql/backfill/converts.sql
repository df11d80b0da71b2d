create or replace function backlog_internal.converts(p_backfill backlog_internal.backfill)
  returns boolean
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select exists (
      select
      from unnest(p_backfill.column_names, p_backfill.column_sql, p_backfill.target_columns) as c (name, sql, target)
      join pg_attribute as s on s.attrelid = p_backfill.source_table and s.attname = c.name
      join pg_attribute as t on t.attrelid = p_backfill.target_table and t.attname = c.target
      where s.atttypid <> t.atttypid
        or c.sql <> format('s.%I', c.name)
    )
  );
end;
$$;

comment on function backlog_internal.converts(backlog_internal.backfill) is
  $$Tell whether a backfill brings values to columns of other types, or casts them.$$;
