create or replace function backlog_internal.owns_destination(p_backfill backlog_internal.backfill)
  returns boolean
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select case
      -- A run that is incremental, or has filters, is one of several as a rule.
      when p_backfill.where_sql = 'true' then coalesce(p_backfill.destination ->> 'shared', 'false') = 'false'
      else coalesce(p_backfill.destination ->> 'shared' = 'false', false) and p_backfill.incremental_column is null
    end
    and not exists (
      select from backlog_internal.backfill as b
      where b.backfill_id <> p_backfill.backfill_id
        -- By the name alone: a schema or a connection may have two.
        and substring(b.destination ->> 'table' from '[^.]*$')
          = substring(p_backfill.destination ->> 'table' from '[^.]*$')
        and (
          b.source_table <> p_backfill.source_table
          or b.where_sql <> p_backfill.where_sql and p_backfill.where_sql <> 'true'
          or array(
            select c.sql
            from unnest(b.column_sql, b.target_columns) as c (sql, target)
            where c.target = any (p_backfill.target_key)
            order by c.target
          ) <> array(
            select c.sql
            from unnest(p_backfill.column_sql, p_backfill.target_columns) as c (sql, target)
            where c.target = any (p_backfill.target_key)
            order by c.target
          )
        )
    )
$$;
comment on function backlog_internal.owns_destination(backlog_internal.backfill) is
  $$Tell whether all rows in the range of a chunk should be from its source, so that others may be deleted.
Not when other backfills bring rows of other tables, or by other filters, to a table of this name.$$;
