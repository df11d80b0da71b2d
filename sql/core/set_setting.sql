create or replace function backlog.set_setting(p_name text, p_value text)
  returns text
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_type regtype;
  v_previous text := backlog_internal.setting(p_name);
begin
  if p_value is null then
    delete from backlog_internal.setting as s where s.name = p_name;
    return v_previous;
  end if;

  select d.type::regtype
  into v_type
  from backlog_internal.setting_defaults as d
  where d.name = p_name;

  begin
    execute format('select cast(%L as %s)', p_value, v_type);
  exception when data_exception then
    raise exception using
      errcode = 'PB003',
      message = format('setting %s cannot be %L', p_name, p_value),
      hint = format('Give a value of type %s, or null for the default.', v_type);
  end;

  insert into backlog_internal.setting as s (name, value, changed_at)
  values (p_name, p_value, backlog_internal.clock())
  on conflict (name) do update
  set
    value = excluded.value,
    changed_at = excluded.changed_at;

  return v_previous;
end;
$$;

comment on function backlog.set_setting(text, text) is
  $$Set a setting, or with null return it to its default.

Returns the previous value. The view backlog.settings lists names, values and meanings.

Raises PB005 when there is no such setting, PB003 when the value is not of the setting's type.$$;
