create or replace function backlog.drop_failure_rule(p_name text)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  delete from backlog_internal.failure_rule as r where r.name = p_name;
  if not found then
    raise exception using
      errcode = 'PB005',
      message = format('there is no failure rule named %s', coalesce(p_name, 'null')),
      hint = 'See backlog.failure_rules.';
  end if;
end;
$$;

comment on function backlog.drop_failure_rule(text) is
  $$Drop a failure rule by its name, a shipped one too.

Raises PB005 when there is no such rule.$$;
