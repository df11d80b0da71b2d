create or replace function backlog_internal.live_objects()
  returns table (kind text, object text, md5 text, written_by xid)
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  with house as (
    select n.oid
    from pg_namespace as n
    where n.nspname in ('backlog', 'backlog_internal')
  ),
  -- Tables that migrations made: no partitions, no delta tables, not the migration tool's own.
  house_table as (
    select c.oid
    from pg_class as c
    join house as h on h.oid = c.relnamespace
    where c.relkind in ('r', 'p')
      and c.relpersistence = 'p'
      and not c.relispartition
      and c.relname !~ '^(delta_|_?yoyo_)'
  )
  select 'function', p.oid::regprocedure::text, md5(pg_get_functiondef(p.oid)), p.xmin
  from pg_proc as p
  join house as h on h.oid = p.pronamespace
  where p.prokind in ('f', 'p')
  union all
  select 'view', c.oid::regclass::text, md5(pg_get_viewdef(c.oid)), r.xmin
  from pg_class as c
  join house as h on h.oid = c.relnamespace
  join pg_rewrite as r on r.ev_class = c.oid and r.rulename = '_RETURN'
  where c.relkind = 'v'
  union all
  select
    'trigger', format('%I on %s', t.tgname, t.tgrelid::regclass), md5(pg_get_triggerdef(t.oid)),
    t.xmin
  from pg_trigger as t
  join house_table as h on h.oid = t.tgrelid
  where not t.tgisinternal
  union all
  select
    'table', h.oid::regclass::text,
    md5(string_agg(
      concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
        pg_get_expr(d.adbin, d.adrelid)),
      ', ' order by a.attnum
    )),
    null
  from house_table as h
  join pg_attribute as a on a.attrelid = h.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
  group by h.oid
  union all
  select
    'constraint', format('%I on %s', k.conname, k.conrelid::regclass),
    md5(pg_get_constraintdef(k.oid)), null
  from pg_constraint as k
  join house_table as h on h.oid = k.conrelid
  where k.contype in ('p', 'u', 'f', 'c', 'x')
    -- A foreign key to a partitioned table has one more constraint for each partition.
    and k.conparentid = 0
  union all
  select 'index', i.indexrelid::regclass::text, md5(pg_get_indexdef(i.indexrelid)), null
  from pg_index as i
  join house_table as h on h.oid = i.indrelid
$$;

comment on function backlog_internal.live_objects() is
  $$List what is installed, with checksums of the definitions.

written_by is the transaction that wrote a function, view or trigger last. The path is pinned
because printed definitions depend on it.$$;
