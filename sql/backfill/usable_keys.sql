create or replace function backlog_internal.usable_keys(p_table regclass)
  returns table (
    key_columns text[],
    key_sql text[],
    key_types text[],
    is_unique boolean,
    is_nullable boolean,
    is_primary boolean
  )
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select
    -- Tables that inherit have rows of their own, with keys of their own.
    k.names, k.exprs, k.types, i.indisunique and not exists (
      select from pg_inherits as h where h.inhparent = p_table and c.relkind = 'i'
    ),
    k.nullable, i.indisprimary
  from pg_index as i
  join pg_class as c on c.oid = i.indexrelid
  join pg_am as m on m.oid = c.relam and m.amname = 'btree'
  cross join lateral (
    select
      array_agg(a.attname::text order by n.place) as names,
      array_agg(
        format('s.%I', a.attname) || case
          when l.oid <> a.attcollation then format(' collate %I.%I', s.nspname, l.collname)
          else ''
        end
        order by n.place
      ) as exprs,
      array_agg(format_type(a.atttypid, -1) order by n.place) as types,
      bool_or(backlog_internal.may_be_null(p_table, a.attname)) as nullable,
      -- Rows are compared by the operators that pg_catalog has for their types; an index that orders
      -- them in another way, or some columns up and others down, would not give them in that order.
      bool_and(o.opcdefault and o.opcnamespace = 'pg_catalog'::regnamespace) as plain,
      count(distinct i.indoption[n.place - 1] & 1) as directions
    from generate_series(1, i.indnkeyatts) as n (place)
    join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[n.place - 1]
    join pg_opclass as o on o.oid = i.indclass[n.place - 1]
    left join pg_collation as l on l.oid = i.indcollation[n.place - 1]
    left join pg_namespace as s on s.oid = l.collnamespace
  ) as k
  where i.indrelid = p_table
    and i.indisvalid
    and i.indpred is null
    and i.indexprs is null
    and k.plain
    and k.directions = 1
$$;

comment on function backlog_internal.usable_keys(regclass) is
  $$List the indexes of a table by which chunks could be cut: plain btree indexes over whole columns.$$;
