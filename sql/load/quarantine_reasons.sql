create or replace function backlog_internal.quarantine_reasons(
  p_load_id bigint,
  p_table backlog_internal.pipeline_table
)
  returns void
  language sql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
  with reason as materialized (
    select distinct
      v.quarantine_row_id, v.rule, v.sql_state, v.constraint_name, v.column_name, v.value, v.message
    from backlog_internal.load_verdict as v
    where v.load_id = p_load_id
      and v.pipeline_table_id = p_table.pipeline_table_id
      and not v.settled
      and v.action <> 'drop'
  ),
  -- Reasons of an earlier verdict that this one does not repeat.
  outlived as (
    delete from backlog_internal.quarantine_violation as o
    using (select distinct r.quarantine_row_id as id from reason as r) as b
    where o.quarantine_row_id = b.id
      and not exists (
        select
        from reason as r
        where r.quarantine_row_id = o.quarantine_row_id
          and (r.rule, r.constraint_name, r.column_name, r.value)
            is not distinct from (o.rule, o.constraint_name, o.column_name, o.value)
      )
  )
  insert into backlog_internal.quarantine_violation (
    quarantine_row_id, rule, sql_state, constraint_name, column_name, value, message, found_at
  )
  select
    r.quarantine_row_id, r.rule, r.sql_state, r.constraint_name, r.column_name, r.value, r.message,
    backlog_internal.clock()
  from reason as r
  where not exists (
    select
    from backlog_internal.quarantine_violation as o
    where o.quarantine_row_id = r.quarantine_row_id
      and (o.rule, o.constraint_name, o.column_name, o.value)
        is not distinct from (r.rule, r.constraint_name, r.column_name, r.value)
  )
$$;

comment on function backlog_internal.quarantine_reasons(bigint, backlog_internal.pipeline_table) is
  $$Write why rows were refused, one row per violation; reasons that are known already stay.$$;
