create or replace function backlog_internal.is_timeout(p_started_at timestamptz)
  returns boolean
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  -- The message says so too, but in the language of the server. The time-out counts from the beginning
  -- of the statement, which is a little before the chunk's.
  select s.setting::bigint > 0
    and extract(epoch from backlog_internal.clock() - p_started_at) * 1000 >= s.setting::bigint * 0.5
  from pg_settings as s
  where s.name = 'statement_timeout'
$$;

comment on function backlog_internal.is_timeout(timestamptz) is
  $$Tell whether a cancelled statement ran into statement_timeout, rather than being cancelled by somebody.$$;
