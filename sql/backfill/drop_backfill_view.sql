create or replace function backlog.drop_backfill_view(p_view regclass)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  delete from backlog_internal.backfill_view as v where v.source_view = p_view;
  if not found then
    raise exception using
      errcode = 'PB005',
      message = format('view %s is not registered', coalesce(p_view::text, 'null')),
      hint = 'Nothing was changed.';
  end if;
end;
$$;

comment on function backlog.drop_backfill_view(regclass) is
  $$Do not let new backfills read a view any more.

Raises PB005 when it was not registered.$$;
