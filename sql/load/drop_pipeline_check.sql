create or replace function backlog.drop_pipeline_check(p_pipeline text, p_table text, p_name text)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table backlog_internal.pipeline_table := backlog_internal.find_pipeline_table(p_pipeline, p_table);
begin
  delete from backlog_internal.pipeline_check as k
  where k.pipeline_table_id = v_table.pipeline_table_id
    and k.name = p_name;
  if not found then
    raise exception using
      errcode = 'PB005',
      message = format('table %s of pipeline %L has no check %s', p_table, p_pipeline, quote_nullable(p_name)),
      hint = 'The view backlog.pipeline_tables lists the checks.';
  end if;
end;
$$;

comment on function backlog.drop_pipeline_check(text, text, text) is
  $$Drop a rule of a pipeline's own.

Raises PB101 when there is no such table, PB005 when it has no such check.$$;
