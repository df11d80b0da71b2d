create or replace function backlog_internal.check_backfill_rights(p_table regclass, p_rights text, p_role name)
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_right text;
  v_role  name;
  v_trusted boolean := pg_has_role(p_role, current_user, 'member');
begin
  foreach v_right in array string_to_array(p_rights, ',') loop
    foreach v_role in array array[p_role, current_user::name] loop
      if not has_table_privilege(v_role, p_table, v_right) then
        raise exception using
          errcode = 'insufficient_privilege',
          message = format('role %I may not %s on %s', v_role, v_right, p_table),
          hint = case
            when v_role = current_user then format('Backfills run as %I: grant it the right.', v_role)
            else 'Ask the owner of the table for the right: a backfill gives nobody more than they have.'
          end;
      end if;
    end loop;
  end loop;
  if v_trusted then
    return;
  end if;

  -- Backfills run with the installer's rights; where those see more than the table's, they do not count.
  if exists (
    select from pg_class as c
    where c.oid = p_table and c.relrowsecurity and not pg_has_role(p_role, c.relowner, 'member')
  ) then
    raise exception using
      errcode = 'insufficient_privilege',
      message = format('row security of %s would not hold for role %I', p_table, p_role),
      hint = format('Only its owner and members of %I may run backfills over it.', current_user);
  end if;
  if exists (
    select from pg_foreign_table as f
    where f.ftrelid = p_table
      and not exists (
        select from pg_user_mapping as m
        where m.umserver = f.ftserver
          and m.umuser in (0, (select r.oid from pg_roles as r where r.rolname = p_role))
      )
  ) then
    raise exception using
      errcode = 'insufficient_privilege',
      message = format('role %I has no user mapping for the server of %s', p_role, p_table),
      hint = 'Create one: a backfill gives nobody more than they have.';
  end if;
end;
$$;

comment on function backlog_internal.check_backfill_rights(regclass, text, name) is
  $$Insist that a role, and the role that backfills run as, have rights on a table.

Raises 42501 when one of them lacks one, or when row security or a user mapping would be bypassed.$$;
