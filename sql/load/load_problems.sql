create or replace function backlog_internal.load_problems(p_load_id bigint)
  returns jsonb
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_agg(
    jsonb_build_object(
      'table', p.name, 'rule', p.rule, 'constraint', p.constraint_name, 'column', p.column_name,
      'action', p.action, 'violations', p.violations, 'example', p.example, 'message', p.message
    )
    order by p.violations desc, p.name, p.column_name
  ), '[]')
  from (
    select
      t.name, v.rule, v.constraint_name, v.column_name, v.action, count(*) as violations,
      min(v.value) as example, min(v.message) as message
    from backlog_internal.load_verdict as v
    join backlog_internal.pipeline_table as t on t.pipeline_table_id = v.pipeline_table_id
    where v.load_id = p_load_id
      and v.action <> 'drop'
    group by t.name, v.rule, v.constraint_name, v.column_name, v.action
  ) as p
$$;

comment on function backlog_internal.load_problems(bigint) is
  $$Return the verdicts of a running load by rule, with an example each, as JSON.$$;
