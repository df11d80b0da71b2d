create or replace function backlog.create_export(
  p_export text,
  p_query text,
  p_pipeline text = null
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_pipeline_id bigint;
  v_probe       refcursor;
begin
  if coalesce(p_export, '') !~ '^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,62}$' then
    raise exception using
      errcode = 'PB003',
      message = format('%s is not an export name', quote_nullable(p_export)),
      hint = 'Use 1 to 63 letters, digits, dots, dashes and underscores.';
  end if;
  perform backlog_internal.check_installer_rights('the query of an export');
  if p_pipeline is not null then
    v_pipeline_id := (backlog_internal.find_pipeline(p_pipeline)).pipeline_id;
  end if;

  begin
    -- A cursor takes a single query; it is never read.
    open v_probe for execute format(E'select to_jsonb(e) from (%s\n) as e limit 0', p_query);
    close v_probe;
  exception
    when others then
      perform backlog_internal.raise_invalid_pipeline(
        format('the query cannot be used: %s', sqlerrm),
        'Give one select without a semicolon; qualify table names with their schema.'
      );
  end;

  insert into backlog_internal.export (name, query, pipeline_id, created_by, created_at)
  values (p_export, p_query, v_pipeline_id, backlog_internal.caller(), backlog_internal.clock())
  on conflict (name) do update
  set
    query = excluded.query,
    pipeline_id = excluded.pipeline_id,
    created_by = excluded.created_by,
    due = true;
end;
$$;

comment on function backlog.create_export(text, text, text) is
  $$Keep the rows of a query as a JSON document with an ETag, for readers such as API caches.

The document is refreshed by backlog.refresh_export, or by backlog.refresh_due_exports after each load of
p_pipeline. Give the query an order by, or equal rows may give different documents. An export of the same
name is replaced. The query runs with the rights of the role that loads run as, hence only its members
may define one.

Raises PB003 when the name is not a name, PB101 when there is no such pipeline, PB102 when the query
cannot be used, 42501 when the caller is no member of the role that loads run as.$$;
