create or replace function backlog_internal.raise_invalid_filter(
  p_place int,
  p_filter jsonb,
  p_problem text,
  p_hint text
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'PB305',
    message = format('filter %s %s: %s', p_place, coalesce(p_filter::text, 'null'), p_problem),
    hint = p_hint;
end;
$$;

comment on function backlog_internal.raise_invalid_filter(int, jsonb, text, text) is
  $$Refuse a filter, saying which.

Raises PB305, always.$$;
