create or replace function backlog.set_critical_rule(
  p_name text,
  p_predicate text,
  p_pipelines text[] = null
)
  returns text
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table     backlog_internal.pipeline_table;
  v_predicate text;
  v_problem   text := case
    when coalesce(p_name, '') = '' then 'a rule needs a name'
    when coalesce(p_predicate, '') = '' then 'a rule needs a predicate'
    when p_pipelines = '{}' or array_position(p_pipelines, null) is not null then
      'pipelines must name pipelines; null means all'
  end;
begin
  if v_problem is not null then
    raise exception using
      errcode = 'PB003',
      message = v_problem,
      hint = $hint$Give a boolean expression over record, such as record ->> 'priority' = 'high'.$hint$;
  end if;

  -- The loads' own way of checking predicates, on a table that has the record for its only column.
  v_table.delta_table := 'backlog_internal.critical_record'::regclass;
  begin
    v_predicate := backlog_internal.parse_predicate(v_table, p_predicate);
  exception
    when sqlstate 'PB102' then
      raise exception using
        errcode = 'PB202',
        message = format('critical rule %s: %s', p_name, sqlerrm),
        hint = 'Give an immutable boolean expression over record, which is jsonb.';
  end;

  insert into backlog_internal.critical_rule (name, predicate, pipelines, created_by, created_at)
  values (
    p_name, v_predicate, p_pipelines, backlog_internal.caller(), backlog_internal.clock()
  )
  on conflict (name) do update
  set
    predicate = excluded.predicate,
    pipelines = excluded.pipelines,
    created_by = excluded.created_by,
    created_at = excluded.created_at;
  return v_predicate;
end;
$$;

comment on function backlog.set_critical_rule(text, text, text[]) is
  $$Set which failed records are critical: the rule of that name is added or replaced. Return it as understood.

p_predicate is an immutable boolean expression over record, the failed record as jsonb, without
subqueries: record ->> 'priority' in ('critical', 'high'). The incident of a record that it is true for
is critical: an alert event goes to the alert hooks, and whoever listens on the channel backlog_alert is
woken. A predicate that fails on a record counts as true and the incident says so. p_pipelines restricts
it to some pipelines.

Raises PB003 when name or predicate is empty, PB202 when the predicate cannot be used, 42501 when it calls
a function that the caller may not have judged with.$$;
