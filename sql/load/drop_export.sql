create or replace function backlog.drop_export(p_export text)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  delete from backlog_internal.export as e
  where e.name = p_export;
  if not found then
    perform backlog_internal.raise_unknown_export(p_export);
  end if;
end;
$$;

comment on function backlog.drop_export(text) is
  $$Drop an export and its document.

Raises PB005 when there is none of this name.$$;
