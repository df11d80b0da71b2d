create or replace function backlog_internal.is_foreign(p_class regclass, p_object oid)
  returns boolean
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  -- Objects of the server itself have numbers below this one.
  select p_object >= 16384 and not exists (
    select
    from pg_depend as d
    where d.classid = p_class
      and d.objid = p_object
      and d.deptype = 'e'
  )
$$;

comment on function backlog_internal.is_foreign(regclass, oid) is
  $$Tell whether an object comes from neither PostgreSQL nor an extension.$$;
