create or replace function backlog.refresh_export(p_export text)
  returns text
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_export   backlog_internal.export;
  v_document jsonb;
  v_error    text;
begin
  -- The row lock makes refreshes of one export follow each other, each with the newest rows.
  select e.*
  into v_export
  from backlog_internal.export as e
  where e.name = p_export
  for update;
  if not found then
    perform backlog_internal.raise_unknown_export(p_export);
  end if;

  begin
    execute format(
      E'select coalesce(jsonb_agg(to_jsonb(e)), ''[]'') from (%s\n) as e', v_export.query
    )
    into v_document;
  exception
    -- A query that no longer works must be visible, and must not keep others from being refreshed.
    when others then
      v_error := format('%s (%s)', sqlerrm, sqlstate);
  end;

  update backlog_internal.export as e
  set
    error = v_error,
    due = false,
    refreshed_at = backlog_internal.clock(),
    document = coalesce(v_document, e.document),
    etag = coalesce(md5(v_document::text), e.etag),
    row_count = coalesce(jsonb_array_length(v_document), e.row_count),
    changed_at = case
      when v_document is distinct from e.document and v_error is null then backlog_internal.clock()
      else e.changed_at
    end
  where e.export_id = v_export.export_id;
  return case when v_error is null then md5(v_document::text) end;
end;
$$;

comment on function backlog.refresh_export(text) is
  $$Run the query of an export and keep its rows as the document. Return the ETag.

Null means that the query failed: the view backlog.exports shows the error, and the last good document
stays.

Raises PB005 when there is no such export.$$;
