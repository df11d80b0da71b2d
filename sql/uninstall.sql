-- Removes everything that pgbacklog made and nothing else: `pgbacklog uninstall`, or `psql -1 -f`.
-- `set local backlog.uninstall_cascade = 'yes'` before it also drops what others built on it.
do $do$
declare
  v_dependents text;
  v_table regclass;
  v_role text;
begin
  if to_regnamespace('backlog_internal') is null then
    raise exception using
      errcode = 'PB006',
      message = 'pgbacklog is not installed here',
      hint = 'There is nothing to remove.';
  end if;

  -- Where an object that depends on ours is a part of something (a rule of a view, a foreign key
  -- or trigger of a table), the whole counts.
  with house as (
    select n.oid
    from pg_catalog.pg_namespace as n
    where n.nspname in ('backlog', 'backlog_internal')
  ),
  ours as (
    select 'pg_catalog.pg_class'::regclass as classid, c.oid as objid
    from pg_catalog.pg_class as c
    where c.relnamespace in (select h.oid from house as h)
      or pg_catalog.obj_description(c.oid, 'pg_class') like 'made by pgbacklog%'
    union all
    select 'pg_catalog.pg_proc'::regclass, p.oid
    from pg_catalog.pg_proc as p
    where p.pronamespace in (select h.oid from house as h)
    union all
    select 'pg_catalog.pg_type'::regclass, t.oid
    from pg_catalog.pg_type as t
    where t.typnamespace in (select h.oid from house as h)
  ),
  dependent as (
    select
      d.classid as part_classid,
      d.objid as part_objid,
      d.objsubid as part_objsubid,
      coalesce(r.ev_class, k.conrelid, t.tgrelid, a.adrelid, p.polrelid) as relation
    from pg_catalog.pg_depend as d
    join ours as o on o.classid = d.refclassid and o.objid = d.refobjid
    left join pg_catalog.pg_rewrite as r
      on d.classid = 'pg_catalog.pg_rewrite'::regclass and r.oid = d.objid
    left join pg_catalog.pg_constraint as k
      on d.classid = 'pg_catalog.pg_constraint'::regclass and k.oid = d.objid and k.conrelid <> 0
    left join pg_catalog.pg_trigger as t
      on d.classid = 'pg_catalog.pg_trigger'::regclass and t.oid = d.objid
    left join pg_catalog.pg_attrdef as a
      on d.classid = 'pg_catalog.pg_attrdef'::regclass and a.oid = d.objid
    left join pg_catalog.pg_policy as p
      on d.classid = 'pg_catalog.pg_policy'::regclass and p.oid = d.objid
    where d.deptype in ('n', 'a')
  )
  select string_agg(distinct pg_catalog.pg_describe_object(
    case when d.relation is null then d.part_classid else 'pg_catalog.pg_class'::regclass end,
    coalesce(d.relation, d.part_objid),
    case when d.relation is null then d.part_objsubid else 0 end
  ), ', ')
  into v_dependents
  from dependent as d
  where not exists (
    select
    from ours as o
    where (o.classid = d.part_classid and o.objid = d.part_objid)
      or (o.classid = 'pg_catalog.pg_class'::regclass and o.objid = d.relation)
  )
    -- Triggers that we put on tables of others go with their functions.
    and d.part_classid <> 'pg_catalog.pg_trigger'::regclass
    -- Likewise the rest of what our own types, domains and the like are made of.
    and coalesce(
      (pg_catalog.pg_identify_object(d.part_classid, d.part_objid, d.part_objsubid)).schema, ''
    ) not in ('backlog', 'backlog_internal', 'pg_toast');

  if v_dependents is not null
    and coalesce(current_setting('backlog.uninstall_cascade', true), '') <> 'yes'
  then
    raise exception using
      errcode = 'PB006',
      message = 'still used by: ' || v_dependents,
      hint = 'Drop or change them first, or let them go as well: pgbacklog uninstall --cascade';
  end if;

  set local client_min_messages = warning;
  for v_table in
    select c.oid::regclass
    from pg_catalog.pg_class as c
    where c.relkind in ('r', 'p')
      and c.relnamespace not in (
        select n.oid
        from pg_catalog.pg_namespace as n
        where n.nspname in ('backlog', 'backlog_internal')
      )
      and pg_catalog.obj_description(c.oid, 'pg_class') like 'made by pgbacklog%'
  loop
    execute pg_catalog.format('drop table %s cascade', v_table);
  end loop;
  drop schema if exists backlog cascade;
  drop schema if exists backlog_internal cascade;
  set local client_min_messages = notice;
  raise notice 'dropped schemas backlog and backlog_internal';

  for v_role in
    select r.rolname
    from pg_catalog.pg_roles as r
    where r.rolname like 'backlog\_%'
      and pg_catalog.shobj_description(r.oid, 'pg_authid') like 'made by pgbacklog%'
    order by r.rolname
  loop
    if exists (
      select
      from pg_catalog.pg_auth_members as m
      join pg_catalog.pg_roles as r on r.oid = m.roleid
      join pg_catalog.pg_roles as member on member.oid = m.member
      where r.rolname = v_role
        and member.rolname <> current_user
    ) then
      raise notice 'kept role %, which has members', v_role;
      continue;
    end if;
    begin
      execute pg_catalog.format('drop role %I', v_role);
      raise notice 'dropped role %', v_role;
    exception when dependent_objects_still_exist or insufficient_privilege then
      raise notice 'kept role %: %', v_role, sqlerrm;
    end;
  end loop;
end
$do$;
