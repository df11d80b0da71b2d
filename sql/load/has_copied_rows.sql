create or replace function backlog_internal.has_copied_rows(p_pipeline_id bigint)
  returns boolean
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_delta regclass;
  v_found boolean;
begin
  for v_delta in
    select t.delta_table
    from backlog_internal.pipeline_table as t
    where t.pipeline_id = p_pipeline_id
      and pg_relation_size(t.delta_table) > 0
  loop
    execute format('select exists (select from only %s)', v_delta) into v_found;
    if v_found then
      return true;
    end if;
  end loop;
  return false;
end;
$$;

comment on function backlog_internal.has_copied_rows(bigint) is
  $$Tell whether rows without an item wait in a delta table of a pipeline.$$;
