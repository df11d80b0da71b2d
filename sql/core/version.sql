create or replace function backlog.version()
  returns text
  language plpgsql
  stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select r.version
    from backlog_internal.release as r
    order by r.release_id desc
    limit 1
  );
end;
$$;

comment on function backlog.version() is
  $$Tell which version of pgbacklog is installed in this database.

Returns null until an installation has been finished.$$;
