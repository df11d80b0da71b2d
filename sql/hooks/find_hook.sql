create or replace function backlog_internal.find_hook(p_name text)
  returns backlog_internal.hook
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_hook backlog_internal.hook;
begin
  select h.* into v_hook from backlog_internal.hook as h where h.name = p_name;
  if not found then
    raise exception using
      errcode = 'PB201',
      message = format('there is no hook %s', coalesce(quote_literal(p_name), 'null')),
      hint = 'The view backlog.hooks lists them; a listener registers its hooks when it starts.';
  end if;
  return v_hook;
end;
$$;

comment on function backlog_internal.find_hook(text) is
  $$Find a hook by its name.

Raises PB201 when there is none.$$;
