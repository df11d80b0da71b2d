create or replace function backlog_internal.check_table_rights(p_table regclass, p_rights text)
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_right text;
  v_role  name;
begin
  foreach v_right in array string_to_array(p_rights, ',') loop
    foreach v_role in array array[backlog_internal.caller(), current_user::name] loop
      if not has_table_privilege(v_role, p_table, v_right) then
        raise exception using
          errcode = 'insufficient_privilege',
          message = format('role %I may not %s on %s', v_role, v_right, p_table),
          hint = case
            when v_role = current_user
              then format('Loads run as %I: grant it select, insert, update and delete.', v_role)
            else 'Ask the owner of the table for the right: a pipeline gives nobody more than they have.'
          end;
      end if;
    end loop;
  end loop;
end;
$$;

comment on function backlog_internal.check_table_rights(regclass, text) is
  $$Insist that both the caller and the role that loads run as have rights on a table.

Raises 42501 when one of them lacks one.$$;
