create or replace function backlog.announce_busy(p_worker_id text)
  returns void
  language sql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
begin atomic
  update backlog_internal.listener as l
  set idle_until = '-infinity', seen_at = backlog_internal.clock()
  where l.worker_id = p_worker_id
    and l.idle_until > '-infinity';
end;

comment on function backlog.announce_busy(text) is
  $$Say that a listener has work for a while, so that producers need not notify.

Worth calling after full batches; a listener that is idle now and then may leave its flag as it is.$$;
