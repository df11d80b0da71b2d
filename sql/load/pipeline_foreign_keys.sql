create or replace function backlog_internal.pipeline_foreign_keys(p_pipeline_id bigint)
  returns table (
    pipeline_table_id bigint,
    parent_table_id bigint,
    parent_table regclass,
    constraint_name text,
    column_names text[],
    parent_columns text[],
    match_type "char",
    is_deferrable boolean,
    is_nullable boolean,
    is_filled boolean
  )
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select
    t.pipeline_table_id,
    u.pipeline_table_id,
    k.confrelid::regclass,
    k.conname::text,
    c.names,
    c.parent_names,
    k.confmatchtype,
    k.condeferrable,
    c.is_nullable,
    c.names <@ t.column_names
  from backlog_internal.pipeline_table as t
  join pg_constraint as k
    on k.conrelid = t.stable_table and k.contype = 'f' and k.conparentid = 0
  cross join lateral (
    select
      array_agg(a.attname::text order by n.place) as names,
      array_agg(b.attname::text order by n.place) as parent_names,
      bool_and(not a.attnotnull) as is_nullable
    from unnest(k.conkey, k.confkey) with ordinality as n (child, parent, place)
    join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = n.child
    join pg_attribute as b on b.attrelid = k.confrelid and b.attnum = n.parent
  ) as c
  left join backlog_internal.pipeline_table as u
    on u.pipeline_id = t.pipeline_id and u.stable_table = k.confrelid
  where t.pipeline_id = p_pipeline_id
$$;

comment on function backlog_internal.pipeline_foreign_keys(bigint) is
  $$List the foreign keys of a pipeline's stable tables, as the catalog has them now.

parent_table_id is null when the pipeline does not load the parent. is_filled tells whether the
pipeline fills all columns of the key.$$;
