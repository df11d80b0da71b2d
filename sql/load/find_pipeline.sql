create or replace function backlog_internal.find_pipeline(p_pipeline text)
  returns backlog_internal.pipeline
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_pipeline backlog_internal.pipeline;
begin
  select p.*
  into v_pipeline
  from backlog_internal.pipeline as p
  where p.name = p_pipeline;

  if not found then
    raise exception using
      errcode = 'PB101',
      message = format('there is no pipeline %s', coalesce(quote_literal(p_pipeline), 'null')),
      hint = 'The view backlog.pipelines lists them; backlog.create_pipeline makes one.';
  end if;

  return v_pipeline;
end;
$$;

comment on function backlog_internal.find_pipeline(text) is
  $$Find a pipeline by its name.

Raises PB101 when there is none.$$;
