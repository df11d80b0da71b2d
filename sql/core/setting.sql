create or replace function backlog_internal.setting(p_name text)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_value text;
begin
  select coalesce(s.value, d.default_value)
  into v_value
  from backlog_internal.setting_defaults as d
  left join backlog_internal.setting as s on s.name = d.name
  where d.name = p_name;

  if not found then
    raise exception using
      errcode = 'PB005',
      message = format('unknown setting %L', p_name),
      hint = 'The view backlog.settings lists the settings.';
  end if;

  return v_value;
end;
$$;

comment on function backlog_internal.setting(text) is
  $$Return the value of a setting: the one that was set, else the default.

Raises PB005 when there is no such setting.$$;
