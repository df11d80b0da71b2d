create or replace function backlog_internal.column_operator(p_type oid, p_operator text)
  returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  -- The operator of the type's own default order, found by meaning and not by name: a type of an
  -- extension would otherwise be compared as whatever it can be cast to.
  select format('operator(%s.%s)', quote_ident(n.nspname), o.oprname)
  from (
    select case when t.typtype = 'd' then t.typbasetype else t.oid end as base, t.typtype, t.typelem
    from pg_type as t
    where t.oid = p_type
  ) as t
  join pg_opclass as c on c.opcdefault
    and c.opcintype = case
      when t.typtype = 'e' then 'anyenum'::regtype
      when t.typtype = 'r' then 'anyrange'::regtype
      when t.typtype = 'm' then 'anymultirange'::regtype
      when t.typtype = 'c' then 'record'::regtype
      when t.base = 'varchar'::regtype then 'text'::regtype
      when exists (
        select from pg_type as a where a.oid = t.base and a.typcategory = 'A'
      ) then 'anyarray'::regtype
      else t.base
    end
  join pg_am as m on m.oid = c.opcmethod and m.amname = 'btree'
  join pg_amop as s on s.amopfamily = c.opcfamily
    and s.amoplefttype = c.opcintype
    and s.amoprighttype = c.opcintype
    and s.amopstrategy = case p_operator
      when '<' then 1 when '<=' then 2 when '=' then 3 when '!=' then 3 when '>=' then 4 when '>' then 5
    end
  join pg_operator as e on e.oid = s.amopopr
  join pg_operator as o on o.oid = case p_operator when '!=' then e.oprnegate else e.oid end
  join pg_namespace as n on n.oid = o.oprnamespace
$$;

comment on function backlog_internal.column_operator(oid, text) is
  $$Return the comparison operator of a type, qualified by its schema; null when the type has no order.$$;
