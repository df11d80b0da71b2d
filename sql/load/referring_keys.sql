create or replace function backlog_internal.referring_keys(p_load_id bigint, p_table backlog_internal.pipeline_table)
  returns table (constraint_name text, child regclass, joined_sql text, settled_sql text)
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select
    k.conname::text,
    k.conrelid::regclass,
    n.joined,
    backlog_internal.settled_child_sql(p_load_id, p_table.pipeline_id, k.conrelid::regclass, n.columns)
  from pg_constraint as k
  cross join lateral (
    select
      string_agg(format('c.%I = s.%I', a.attname, b.attname), ' and ' order by u.place) as joined,
      array_agg(a.attname::text order by u.place) as columns
    from unnest(k.conkey, k.confkey) with ordinality as u (child, parent, place)
    join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = u.child
    join pg_attribute as b on b.attrelid = k.confrelid and b.attnum = u.parent
  ) as n
  where k.confrelid = p_table.stable_table
    and k.contype = 'f'
    and k.conparentid = 0
    -- Others are deleted or set to null along with the row.
    and k.confdeltype in ('a', 'r')
  order by k.conname
$$;

comment on function backlog_internal.referring_keys(bigint, backlog_internal.pipeline_table) is
  $$List the foreign keys that keep rows of a stable table from being deleted.

joined_sql tells that a child row c refers to the stable row s, settled_sql that the same load deletes c
or makes it refer elsewhere.$$;
