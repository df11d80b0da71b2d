create or replace function backlog_internal.remove_judged(
  p_load_id bigint,
  p_table backlog_internal.pipeline_table
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass;
begin
  foreach v_source in array array[p_table.delta_table, p_table.staging_table] loop
    execute format(
      'delete from only %s as d using backlog_internal.load_verdict as v'
        ' where v.load_id = $1 and v.pipeline_table_id = $2 and v.source = $3 and not v.settled'
        ' and d.ctid = v.row_id',
      v_source
    )
    using p_load_id, p_table.pipeline_table_id, v_source;
  end loop;

  update backlog_internal.load_work as w
  set
    duplicates = w.duplicates + n.dropped,
    parked = w.parked + n.parked
  from (
    select
      count(*) filter (where b.is_dropped) as dropped,
      count(*) filter (where b.is_parked and not b.is_dropped) as parked
    from (
      select bool_and(v.action = 'park') as is_parked, bool_or(v.action = 'drop') as is_dropped
      from backlog_internal.load_verdict as v
      where v.load_id = p_load_id
        and v.pipeline_table_id = p_table.pipeline_table_id
        and not v.settled
      group by v.source, v.row_id
    ) as b
  ) as n
  where w.load_id = p_load_id
    and w.pipeline_table_id = p_table.pipeline_table_id;

  update backlog_internal.load_verdict as v
  set settled = true
  where v.load_id = p_load_id
    and v.pipeline_table_id = p_table.pipeline_table_id
    and not v.settled;
end;
$$;

comment on function backlog_internal.remove_judged(bigint, backlog_internal.pipeline_table) is
  $$Take judged rows out of the delta table, so that what is left is accepted, and count them.$$;
