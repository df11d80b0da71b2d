create or replace function backlog_internal.cursor_sql(p_backfill backlog_internal.backfill)
  returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select case
    when p_backfill.incremental_column is null then null
    -- An empty table has nothing up to nowhere.
    when p_backfill.cursor_to is null then '(false)'
    else format('(s.%I <= %L::%s', a.attname, p_backfill.cursor_to, format_type(a.atttypid, -1))
      || case
        when p_backfill.cursor_from is null then ''
        else format(
          -- Rows may come with the value with which the last run ended. What is upserted can be read twice.
          ' and s.%I %s %L::%s', a.attname,
          case when p_backfill.overlap_seconds > 0 or p_backfill.write_mode = 'upsert' then '>=' else '>' end,
          p_backfill.cursor_from, format_type(a.atttypid, -1)
        )
      end
      || ')'
  end
  from (select) as one
  left join pg_attribute as a
    on a.attrelid = p_backfill.source_table
    and a.attname = p_backfill.incremental_column
$$;

comment on function backlog_internal.cursor_sql(backlog_internal.backfill) is
  $$Write the rows of an incremental run as a condition; null when it is not incremental.$$;
