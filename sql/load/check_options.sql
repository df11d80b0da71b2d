create or replace function backlog_internal.check_options(p_options jsonb, p_known text[])
  returns void
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_unknown text;
begin
  if jsonb_typeof(p_options) = 'object' then
    select string_agg(k.name, ', ')
    into v_unknown
    from jsonb_object_keys(p_options) as k (name)
    where k.name <> all (p_known);
    if v_unknown is null then
      return;
    end if;
  end if;

  raise exception using
    errcode = 'PB003',
    message = format('unknown option %s', coalesce(v_unknown, p_options::text, 'null')),
    hint = format('Give an object with any of %s.', array_to_string(p_known, ', '));
end;
$$;

comment on function backlog_internal.check_options(jsonb, text[]) is
  $$Insist that options are an object without unknown names.

Raises PB003 when not.$$;
