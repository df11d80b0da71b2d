create or replace function backlog_internal.writers_before(p_known jsonb)
  returns jsonb
  language sql
  volatile
return (
  select coalesce(jsonb_agg(distinct l.virtualtransaction), '[]')
  from pg_locks as l
  where l.relation = 'backlog_internal.hook'::regclass
    and l.database = (select d.oid from pg_database as d where d.datname = current_database())
    and l.pid is distinct from pg_backend_pid()
    and (p_known is null or p_known ? l.virtualtransaction)
);

comment on function backlog_internal.writers_before(jsonb) is
  $$Name the transactions that have looked for hooks and are still running; with p_known those of them alone.

They may not have seen a hook that is new. Once they have ended, every event either went to it when it was
written, or is there to be delivered.$$;
