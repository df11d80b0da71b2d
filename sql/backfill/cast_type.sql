create or replace function backlog_internal.cast_type(p_type text, p_role name)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- The name is resolved and printed again, so that nothing but a type and numbers reaches the SQL.
  v_type     regtype;
  v_modifier text := substring(p_type, '(\([-0-9, ]*\))$');
begin
  begin
    v_type := to_regtype(regexp_replace(p_type, '\s*\([-0-9, ]*\)$', ''));
  exception
    when syntax_error or invalid_name or feature_not_supported then
      v_type := null;
  end;
  if v_type is null then
    perform backlog_internal.raise_invalid_backfill(
      format('there is no type %s', quote_nullable(p_type)), 'Give types of extensions with their schema.'
    );
  end if;
  if backlog_internal.runs_foreign_code(v_type) then
    perform backlog_internal.check_installer_rights(format('a cast to %s', v_type), p_role);
  end if;
  -- The digits of a time stand in the middle of its name.
  return regexp_replace(format_type(v_type, -1), '( with(out)? time zone)?$', coalesce(v_modifier, '') || '\1');
end;
$$;

comment on function backlog_internal.cast_type(text, name) is
  $$Write the name of a type as SQL, whatever was given.

Raises PB302 when there is no such type, 42501 when a value of it could call functions that only members of
the role that backfills run as may bring in.$$;
