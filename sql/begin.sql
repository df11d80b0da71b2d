-- Half an installation is none: refuse to run outside a transaction, where "set local" has no
-- effect. Names are resolved as in the functions themselves.
set local backlog.installing = 'yes';
do $$
begin
  if current_setting('backlog.installing', true) is distinct from 'yes' then
    raise exception using
      errcode = 'PB006',
      message = 'the installer does not run in one transaction',
      hint = 'Run it with psql -1 -f, or use pgbacklog migrate.';
  end if;
end
$$;
set local search_path = pg_catalog, pg_temp;
set local check_function_bodies = on;
