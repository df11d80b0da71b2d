create or replace function backlog_internal.stable_columns(p_table regclass)
  returns table (
    column_number smallint,
    column_name text,
    type_name text,
    collation_name text,
    is_required boolean,
    default_sql text,
    is_key_only boolean,
    compares boolean
  )
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select
    a.attnum,
    a.attname,
    -- A domain that refuses null would refuse it already in the delta table, before any verdict.
    case
      when t.typtype = 'd' and t.typnotnull then format_type(t.typbasetype, t.typtypmod)
      else format_type(a.atttypid, a.atttypmod)
    end,
    case
      when a.attcollation <> t.typcollation
        then format('%I.%I', n.nspname, l.collname)
    end,
    (a.attnotnull or t.typnotnull) and a.attidentity = '' and d.oid is null,
    case
      when a.attidentity <> ''
        then format(
          'nextval(%L::regclass)',
          pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)
        )
      when a.attnotnull then pg_get_expr(d.adbin, d.adrelid)
    end,
    a.attidentity = 'a',
    -- Types without an equality of their own, and those whose equality overlooks differences, are
    -- compared as text.
    exists (
      select
      from pg_opclass as o
      join pg_am as m on m.oid = o.opcmethod
      where m.amname = 'btree'
        and o.opcdefault
        and o.opcintype = case t.typtype when 'd' then t.typbasetype else t.oid end
        and t.typnamespace = 'pg_catalog'::regnamespace
        and t.typtype <> 'd'
    )
    and coalesce(l.collisdeterministic, true)
    or t.typname in ('varchar', '_text', '_int4', '_int8', '_varchar')
      and t.typnamespace = 'pg_catalog'::regnamespace
      and coalesce(l.collisdeterministic, true)
  from pg_attribute as a
  join pg_type as t on t.oid = a.atttypid
  left join pg_collation as l on l.oid = a.attcollation
  left join pg_namespace as n on n.oid = l.collnamespace
  left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = p_table
    and a.attnum > 0
    and not a.attisdropped
    and a.attgenerated = ''
  order by a.attnum
$$;

comment on function backlog_internal.stable_columns(regclass) is
  $$Describe the columns of a stable table that a load may fill; generated columns are left out.

A required column is not null and has no default. default_sql is given for columns that refuse null
but fill themselves.$$;
