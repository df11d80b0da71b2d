create or replace function backlog_internal.caller()
  returns name
  language sql
  stable
return coalesce(nullif(current_setting('role'), 'none'), session_user)::name;

comment on function backlog_internal.caller() is
  $$Name the role that called, whose rights count where a function runs with the installer's.$$;
