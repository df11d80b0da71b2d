create or replace function backlog_internal.commit_durably()
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'on', true);
  end if;
end;
$$;

comment on function backlog_internal.commit_durably() is
  $$Have this transaction wait for the disk in the end, although its session does not.

For what others act on elsewhere as soon as they see it. What was committed before is then on disk too.$$;
