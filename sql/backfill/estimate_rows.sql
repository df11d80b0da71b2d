create or replace function backlog_internal.estimate_rows(p_query text)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_plan json;
begin
  execute 'explain (format json) ' || p_query into v_plan;
  return (v_plan -> 0 -> 'Plan' ->> 'Plan Rows')::numeric::bigint;
end;
$$;

comment on function backlog_internal.estimate_rows(text) is
  $$Return how many rows the planner expects a query to give; the query is not run.$$;
