create or replace function backlog_internal.find_pipeline_table(p_pipeline text, p_table text)
  returns backlog_internal.pipeline_table
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table backlog_internal.pipeline_table;
begin
  select t.*
  into v_table
  from backlog_internal.pipeline_table as t
  join backlog_internal.pipeline as p on p.pipeline_id = t.pipeline_id
  where p.name = p_pipeline
    and t.name = p_table;

  if not found then
    perform backlog_internal.find_pipeline(p_pipeline);
    raise exception using
      errcode = 'PB101',
      message = format(
        'pipeline %L has no table %s', p_pipeline, coalesce(quote_literal(p_table), 'null')
      ),
      hint = 'The view backlog.pipeline_tables lists them; backlog.add_pipeline_table adds one.';
  end if;

  return v_table;
end;
$$;

comment on function backlog_internal.find_pipeline_table(text, text) is
  $$Find a table of a pipeline by both names.

Raises PB101 when there is none.$$;
