create or replace function backlog_internal.may_be_null(p_table regclass, p_column name)
  returns boolean
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  -- Tables that inherit may have dropped the constraint, other servers need not keep it, and one that was
  -- never validated says nothing of older rows.
  select bool_or(
    not a.attnotnull or c.relkind = 'f' or exists (
      select from pg_constraint as n
      where n.conrelid = c.oid and n.contype = 'n' and n.conkey = array[a.attnum] and not n.convalidated
    )
  )
  from unnest(backlog_internal.table_family(p_table)) as f (oid)
  join pg_class as c on c.oid = f.oid
  join pg_attribute as a on a.attrelid = c.oid and a.attname = p_column
$$;

comment on function backlog_internal.may_be_null(regclass, name) is
  $$Tell whether a table, or one that is read with it, may have a null in a column.$$;
