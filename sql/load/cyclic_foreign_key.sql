create or replace function backlog_internal.cyclic_foreign_key(p_pipeline_id bigint, p_tables bigint[])
  returns table (pipeline_table_id bigint, constraint_name text, column_names text[], is_deferrable boolean)
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  with recursive edge as (
    select f.*, t.mode <> 'append' and not f.column_names && t.key_columns as is_late
    from backlog_internal.pipeline_foreign_keys(p_pipeline_id) as f
    join backlog_internal.pipeline_table as t on t.pipeline_table_id = f.pipeline_table_id
    where f.pipeline_table_id = any (p_tables)
      and f.parent_table_id = any (p_tables)
      and f.pipeline_table_id <> f.parent_table_id
  ),
  reach as (
    select e.pipeline_table_id as origin, e.parent_table_id as target
    from edge as e
    union
    select r.origin, e.parent_table_id
    from reach as r
    join edge as e on e.pipeline_table_id = r.target
  )
  select e.pipeline_table_id, e.constraint_name, e.column_names, e.is_deferrable
  from edge as e
  where (e.is_deferrable or e.is_nullable and e.is_filled and e.is_late)
    and exists (
      select from reach as r where r.origin = e.parent_table_id and r.target = e.pipeline_table_id
    )
  order by e.is_deferrable desc, e.pipeline_table_id, e.constraint_name
  limit 1
$$;

comment on function backlog_internal.cyclic_foreign_key(bigint, bigint[]) is
  $$Choose a foreign key by which a cycle among tables can be opened: one that can be checked at the
end of the transaction, else one that can stay null until all tables are filled.$$;
