create or replace function backlog_internal.is_provided(p_schema text, p_name text, p_role name)
  returns boolean
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select coalesce((
    select bool_and(not backlog_internal.is_foreign(o.class, o.oid))
      -- Whoever can bring in another one of the same name could do so in this moment.
      and not has_schema_privilege(p_role, n.oid, 'create')
    from pg_namespace as n
    cross join lateral (
      select 'pg_proc'::regclass as class, f.oid
      from pg_proc as f
      where f.pronamespace = n.oid and f.proname = p_name::name
      union all
      select 'pg_type'::regclass, t.oid
      from pg_type as t
      where t.typnamespace = n.oid and t.typname = p_name::name
      union all
      -- An operator is not written as a name.
      select 'pg_operator'::regclass, o.oid
      from pg_operator as o
      where o.oprnamespace = n.oid and p_name is null
    ) as o
    where n.nspname = p_schema::name
    group by n.oid
  ), false)
$$;

comment on function backlog_internal.is_provided(text, text, name) is
  $$Tell whether all that a schema has under a name, or all its operators if it is null, comes from PostgreSQL
or an extension, and the role cannot add to it.$$;
