create or replace function backlog_internal.column_operator(p_type oid, p_operator text)
  returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  -- The operator of the type's own default order, found by meaning and not by name: a type of an
  -- extension would otherwise be compared as whatever it can be cast to.
  select format('operator(%s.%s)', quote_ident(w.nspname), o.oprname)
  from pg_type as t
  cross join lateral (
    select case
      when t.typtype = 'e' then 'anyenum'::regtype
      when t.typtype = 'r' then 'anyrange'::regtype
      when t.typtype = 'm' then 'anymultirange'::regtype
      when t.typtype = 'c' then 'record'::regtype
      when t.typcategory = 'A' then 'anyarray'::regtype
      else t.oid
    end as input
  ) as n
  join pg_opclass as c on c.opcdefault
    and (
      c.opcintype = n.input
      -- A type without an order of its own has that of another whose values look the same: varchar, cidr.
      or exists (
        select from pg_cast as k
        where k.castsource = t.oid and k.casttarget = c.opcintype and k.castmethod = 'b' and k.castcontext = 'i'
      )
    )
  join pg_am as m on m.oid = c.opcmethod and m.amname = 'btree'
  join pg_amop as s on s.amopfamily = c.opcfamily
    and s.amoplefttype = c.opcintype
    and s.amoprighttype = c.opcintype
    and s.amopstrategy = case p_operator
      when '<' then 1 when '<=' then 2 when '=' then 3 when '!=' then 3 when '>=' then 4 when '>' then 5
    end
  join pg_operator as e on e.oid = s.amopopr
  join pg_operator as o on o.oid = case p_operator when '!=' then e.oprnegate else e.oid end
  join pg_namespace as w on w.oid = o.oprnamespace
  where t.oid = backlog_internal.base_type(p_type)
  order by c.opcintype = n.input desc
  limit 1
$$;

comment on function backlog_internal.column_operator(oid, text) is
  $$Return the comparison operator of a type, qualified by its schema; null when the type has no order.$$;
