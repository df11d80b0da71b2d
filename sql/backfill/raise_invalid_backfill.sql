create or replace function backlog_internal.raise_invalid_backfill(p_message text, p_hint text)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using errcode = 'PB302', message = p_message, hint = p_hint;
end;
$$;

comment on function backlog_internal.raise_invalid_backfill(text, text) is
  $$Refuse a backfill that cannot work.

Raises PB302, always.$$;
