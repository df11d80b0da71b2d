create or replace function backlog_internal.critical_reasons(p_pipeline text, p_records jsonb)
  returns table (place int, reason text)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_rule backlog_internal.critical_rule;
begin
  -- A loop, because every rule is a query of its own.
  for v_rule in
    select r.*
    from backlog_internal.critical_rule as r
    where r.pipelines is null
      or p_pipeline = any (r.pipelines)
    order by r.name
  loop
    begin
      return query execute format(
        E'select r.place::int, $2 from jsonb_array_elements($1) with ordinality as r (record, place) where (%s\n)',
        v_rule.predicate
      )
      using p_records, v_rule.name;
    exception
      -- One record is enough to make it fail: judge each by itself.
      when others then
        if jsonb_array_length(p_records) = 1 then
          return query select 1, format('%s, which could not be applied: %s', v_rule.name, sqlerrm);
        else
          return query
          select r.place::int, c.reason
          from jsonb_array_elements(p_records) with ordinality as r (value, place)
          cross join lateral backlog_internal.critical_reason(v_rule, r.value) as c (reason)
          where c.reason is not null;
        end if;
    end;
  end loop;
end;
$$;

comment on function backlog_internal.critical_reasons(text, jsonb) is
  $$Return the places of the records that critical rules match, from 1, with the name of each rule.

A rule that cannot be applied to a record counts as matching, and the reason says why.$$;
