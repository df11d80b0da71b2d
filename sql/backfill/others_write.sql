create or replace function backlog_internal.others_write()
  returns boolean
  language sql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
  -- Within one transaction a second look would show what the first one did.
  select pg_stat_clear_snapshot();
  select exists (
    select from pg_stat_activity as a
    where a.datname = current_database()
      and a.pid <> pg_backend_pid()
      and coalesce(a.backend_type, '') not in ('autovacuum worker', 'walsender')
      and case
        when a.backend_xid is not null then true
        -- A session that hides what it does may be doing anything.
        when coalesce(a.backend_type, 'client backend') = 'client backend' then coalesce(a.state, '') <> 'idle'
        -- Such as logical replication; workers that never say what they do would count for ever.
        else a.state <> 'idle'
      end
  )
  or exists (select from pg_prepared_xacts as x where x.database = current_database())
$$;
comment on function backlog_internal.others_write() is
  $$Tell whether anybody else may have written rows in this database that are not committed yet.$$;
