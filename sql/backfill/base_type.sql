create or replace function backlog_internal.base_type(p_type oid)
  returns oid
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  with recursive below (type_id, base) as (
    select t.oid, t.typbasetype
    from pg_type as t
    where t.oid = p_type
    union all
    select t.oid, t.typbasetype
    from below as b
    join pg_type as t on t.oid = b.base
  )
  select b.type_id
  from below as b
  where b.base = 0
$$;

comment on function backlog_internal.base_type(oid) is
  $$Return the type that a domain is made of in the end; a type that is no domain itself.$$;
