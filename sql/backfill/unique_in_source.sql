create or replace function backlog_internal.unique_in_source(
  p_backfill backlog_internal.backfill,
  p_key text[]
)
  returns boolean
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select
    from (
      select p_backfill.key_columns, p_backfill.key_sql
      where p_backfill.key_is_unique
      union all
      select k.key_columns, k.key_sql
      from backlog_internal.usable_keys(p_backfill.source_table) as k
      where k.is_unique
    ) as u (names, exprs)
    where not exists (
      select
      from unnest(u.names, u.exprs) as k (name, expr)
      where not exists (
        select
        from unnest(p_backfill.column_names, p_backfill.column_sql, p_backfill.target_columns) as c (name, sql, target)
        join pg_attribute as s on s.attrelid = p_backfill.source_table and s.attname = c.name
        left join pg_attribute as t on t.attrelid = p_backfill.target_table and t.attname = c.target
        left join pg_collation as l on l.oid = t.attcollation
        where c.name = k.name
          and c.sql = format('s.%I', c.name)
          and c.target = any (p_key)
          -- No value is altered, so two become one only where they are more equal than in the source.
          and (
            t.attname is null
            or backlog_internal.base_type(t.atttypid) = backlog_internal.base_type(s.atttypid)
            or backlog_internal.base_type(t.atttypid) in (
              'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'text'::regtype, 'varchar'::regtype,
              'uuid'::regtype, 'date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype
            )
          )
          and (
            coalesce(l.collisdeterministic, true)
            or t.attcollation = s.attcollation and k.expr = format('s.%I', k.name)
          )
      )
    )
  )
$$;

comment on function backlog_internal.unique_in_source(backlog_internal.backfill, text[]) is
  $$Tell whether no two rows of the source can have the same key in the destination.$$;
