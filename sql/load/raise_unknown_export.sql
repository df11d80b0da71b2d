create or replace function backlog_internal.raise_unknown_export(p_export text)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'PB005',
    message = format('there is no export %s', quote_nullable(p_export)),
    hint = 'The view backlog.exports lists them; backlog.create_export makes one.';
end;
$$;

comment on function backlog_internal.raise_unknown_export(text) is
  $$Tell that there is no such export.

Raises PB005, always.$$;
