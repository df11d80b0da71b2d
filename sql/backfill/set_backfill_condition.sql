create or replace function backlog.set_backfill_condition(p_name text, p_query text)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_probe refcursor;
  v_error text;
begin
  perform backlog_internal.check_installer_rights('a condition of backfills');
  if coalesce(p_name, '') !~ '^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,62}$' then
    raise exception using
      errcode = 'PB003',
      message = format('%s is no name of a condition', quote_nullable(p_name)),
      hint = 'Use 1 to 63 letters, digits, dots, dashes and underscores.';
  end if;
  if p_query is null then
    delete from backlog_internal.backfill_condition as c where c.name = p_name;
    return;
  end if;
  begin
    -- A cursor takes a single query; it is never read.
    open v_probe for execute format(E'select c.reason::text from (%s\n) as c (reason) limit 0', p_query);
    close v_probe;
  exception
    when others then
      v_error := sqlerrm;
      perform backlog_internal.raise_invalid_backfill(
        format('the query cannot be used: %s', v_error),
        'Give one select of one text: why backfills should wait, or null or no row.'
      );
  end;

  insert into backlog_internal.backfill_condition (name, query, created_by, created_at)
  values (p_name, p_query, backlog_internal.caller(), backlog_internal.clock())
  on conflict (name) do update
  set query = excluded.query, created_by = excluded.created_by, created_at = excluded.created_at;
end;
$$;

comment on function backlog.set_backfill_condition(text, text) is
  $$Let backfills wait while a query of yours gives a reason; with a null query, no longer.

The query returns one text, null or no row when all is well. It is asked before every chunk, so it must be
quick, and runs with the rights of the role that backfills run as, hence only its members may set one.

Raises PB003 when the name is none, PB302 when the query cannot be used, 42501 when the caller may not.$$;
