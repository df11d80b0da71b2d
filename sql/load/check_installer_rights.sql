create or replace function backlog_internal.check_installer_rights(p_what text, p_role name = null)
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not pg_has_role(coalesce(p_role, backlog_internal.caller()), current_user, 'member') then
    raise exception using
      errcode = 'insufficient_privilege',
      message = format('%s runs with the rights of %I', p_what, current_user),
      hint = format('Only members of %I may define it.', current_user);
  end if;
end;
$$;

comment on function backlog_internal.check_installer_rights(text, name) is
  $$Insist that a role, by default the caller, could act as the role that pgbacklog runs as.

Raises 42501 when not.$$;
