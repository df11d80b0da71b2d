create or replace function backlog_internal.finish_install(p_version text)
  returns void
  language sql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
  insert into backlog_internal.release (version, server_version_num, loaded_at)
  select p_version, current_setting('server_version_num')::integer, backlog_internal.clock()
  where not exists (
    select
    from (
      select r.version, r.server_version_num
      from backlog_internal.release as r
      order by r.release_id desc
      limit 1
    ) as latest
    where latest.version = p_version
      and latest.server_version_num = current_setting('server_version_num')::integer
  )
$$;

comment on function backlog_internal.finish_install(text) is
  $$Remember which version was loaded, and on which server.$$;
