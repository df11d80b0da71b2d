create or replace function backlog_internal.reading_limit()
  returns jsonb
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select case
    when l.most > 0 and (s.setting::bigint = 0 or s.setting::bigint > l.most)
      then jsonb_build_object('statement_timeout', l.most::text)
    else '{}'
  end
  from pg_settings as s
  cross join (select (backlog_internal.setting('backfill_read_seconds')::numeric * 1000)::bigint as most) as l
  where s.name = 'statement_timeout'
$$;

comment on function backlog_internal.reading_limit() is
  $$Return what limits the time for which a writer reads a chunk, as settings; none if the session is limited more.$$;
