create or replace function backlog_internal.key_histogram(p_backfill backlog_internal.backfill)
  returns text[]
  language sql
  stable
  set search_path = pg_catalog, pg_temp
  set datestyle = 'ISO'
  set intervalstyle = 'postgres'
  set extra_float_digits = 1
as $$
  select p.histogram_bounds::text::text[]
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  join pg_stats as p on p.schemaname = n.nspname and p.tablename = c.relname
    and p.attname = p_backfill.key_columns[1]
    and p.inherited = (c.relkind = 'p')
  where c.oid = p_backfill.source_table
    and p.histogram_bounds is not null
    and cardinality(p.histogram_bounds::text::text[]) > 2
    -- Statistics are in the order of the column's collation, not of an index that has another one.
    and p_backfill.key_sql[1] = format('s.%I', p_backfill.key_columns[1])
$$;

comment on function backlog_internal.key_histogram(backlog_internal.backfill) is
  $$Return the planner's histogram of the leading key column, in its order; null when there is none.$$;
