create or replace function backlog_internal.quarantine_reasons(
  p_batch_id bigint,
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
    where v.load_id = p_batch_id
      and v.pipeline_table_id = p_table.pipeline_table_id
      and not v.settled
      and v.action <> 'drop'
      and v.quarantine_row_id is not null
  ),
  -- What was in quarantine before may have these reasons, or others.
  known as materialized (
    select o.*
    from backlog_internal.quarantine_violation as o
    where o.quarantine_row_id = any (array(
      select f.quarantine_row_id
      from backlog_internal.refused_row as f
      where f.batch_id = p_batch_id
        and f.pipeline_table_id = p_table.pipeline_table_id
        and not f.is_new
        and not f.is_filed
    ))
  ),
  outlived as (
    delete from backlog_internal.quarantine_violation as o
    where o.quarantine_violation_id = any (array(
      select k.quarantine_violation_id
      from known as k
      where not exists (
        select
        from reason as r
        where r.quarantine_row_id = k.quarantine_row_id
          and (r.rule, r.constraint_name, r.column_name, r.value)
            is not distinct from (k.rule, k.constraint_name, k.column_name, k.value)
      )
    ))
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
    from known as k
    where k.quarantine_row_id = r.quarantine_row_id
      and (k.rule, k.constraint_name, k.column_name, k.value)
        is not distinct from (r.rule, r.constraint_name, r.column_name, r.value)
  )
$$;

comment on function backlog_internal.quarantine_reasons(bigint, backlog_internal.pipeline_table) is
  $$Write why rows were refused, one row per violation; reasons that are known already stay.$$;
