create or replace function backlog.drop_critical_rule(p_name text)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  delete from backlog_internal.critical_rule as r where r.name = p_name;
  if not found then
    raise exception using
      errcode = 'PB005',
      message = format('there is no critical rule %s', coalesce(quote_literal(p_name), 'null')),
      hint = 'The view backlog.critical_rules lists them.';
  end if;
end;
$$;

comment on function backlog.drop_critical_rule(text) is
  $$Drop a rule that says which failed records are critical. Incidents keep what it said of them.

Raises PB005 when there is none of that name.$$;
