create or replace function backlog.register_backfill_view(p_view regclass, p_key text[])
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform backlog_internal.check_installer_rights(format('view %s', p_view));
  if not exists (select from pg_class as c where c.oid = p_view and c.relkind = 'v') or p_key is null
    or exists (
      select from unnest(p_key) as k (name)
      where not exists (
        select from pg_attribute as a where a.attrelid = p_view and a.attname = k.name and a.attnum > 0
      )
    )
  then
    perform backlog_internal.raise_invalid_backfill(
      format('%s is no view with the columns (%s)', p_view, array_to_string(p_key, ', ')),
      'Give a view and the columns that identify one of its rows.'
    );
  end if;

  insert into backlog_internal.backfill_view (source_view, key_columns, created_by, created_at)
  values (p_view, p_key, backlog_internal.caller(), backlog_internal.clock())
  on conflict (source_view) do update
  set key_columns = excluded.key_columns, created_by = excluded.created_by;
end;
$$;

comment on function backlog.register_backfill_view(regclass, text[]) is
  $$Allow backfills to read a view, for joins and subqueries; p_key identifies a row of it.

Functions that the view calls run with the rights of the role that backfills run as, hence only its
members may register one. Chunks are cut by the key, so it should be one that the view can find quickly.
An empty key reads the view in one piece.

Raises PB302 when it is no view or has no such columns, 42501 when the caller may not.$$;
