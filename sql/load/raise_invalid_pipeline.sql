create or replace function backlog_internal.raise_invalid_pipeline(p_message text, p_hint text)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using errcode = 'PB102', message = p_message, hint = p_hint;
end;
$$;

comment on function backlog_internal.raise_invalid_pipeline(text, text) is
  $$Refuse a definition that cannot work.

Raises PB102, always.$$;
