create or replace function backlog_internal.same_table_sql(p_table regclass)
  returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  -- Looked up when the statement has locked its tables, and no part of its plan if all is well. For a plain
  -- query a cast that fails is the only way to say what is wrong.
  select format(
    'case when %L::regclass::oid = %s then true else concat(%L)::boolean end', p_table, p_table::oid,
    format('%s is another table now', p_table)
  )
$$;
comment on function backlog_internal.same_table_sql(regclass) is
  $$Write a condition that is true, or an error if a table's name has come to mean another one.$$;
