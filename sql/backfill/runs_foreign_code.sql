create or replace function backlog_internal.runs_foreign_code(p_type oid)
  returns boolean
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  with recursive part (type_id) as (
    select p_type
    union
    select u.type_id
    from part as p
    join pg_type as t on t.oid = p.type_id
    left join pg_range as r on t.oid in (r.rngtypid, r.rngmultitypid)
    cross join lateral unnest(array[t.typelem, t.typbasetype, r.rngsubtype]) as u (type_id)
    where u.type_id > 0
  )
  select exists (
    select
    from part as p
    join pg_type as t on t.oid = p.type_id
    where backlog_internal.is_foreign('pg_type', t.oid) and t.typtype in ('d', 'c')
      or exists (
        select from pg_cast as c
        where c.casttarget = t.oid and c.castfunc > 0 and backlog_internal.is_foreign('pg_proc', c.castfunc)
      )
  )
$$;

comment on function backlog_internal.runs_foreign_code(oid) is
  $$Tell whether a cast to a type may call a function that neither PostgreSQL nor an extension provides: of a
domain's check, within a row as well, or of a cast that somebody made.$$;
