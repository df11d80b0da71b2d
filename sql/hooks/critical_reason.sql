create or replace function backlog_internal.critical_reason(
  p_rule backlog_internal.critical_rule,
  p_record jsonb
)
  returns text
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_matches boolean;
begin
  execute format(E'select (%s\n) from (select $1) as r (record)', p_rule.predicate)
  into v_matches
  using p_record;
  return case when v_matches then p_rule.name end;
exception
  -- A predicate that cannot be applied must neither undo the incident nor hide it.
  when others then
    return format('%s, which could not be applied: %s', p_rule.name, sqlerrm);
end;
$$;

comment on function backlog_internal.critical_reason(backlog_internal.critical_rule, jsonb) is
  $$Return why a rule makes a record critical: its name, with the error if it cannot be applied; else null.$$;
