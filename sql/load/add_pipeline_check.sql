create or replace function backlog.add_pipeline_check(
  p_pipeline text,
  p_table text,
  p_name text,
  p_predicate text
)
  returns text
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table     backlog_internal.pipeline_table := backlog_internal.find_pipeline_table(p_pipeline, p_table);
  v_predicate text;
begin
  if coalesce(p_name, '') = '' or coalesce(p_predicate, '') = '' then
    raise exception using
      errcode = 'PB003',
      message = 'a check needs a name and a predicate',
      hint = 'Give a boolean expression over the columns of the table, such as total >= 0.';
  end if;
  v_predicate := backlog_internal.parse_predicate(v_table, p_predicate);

  insert into backlog_internal.pipeline_check (pipeline_table_id, name, predicate, created_by, created_at)
  values (
    v_table.pipeline_table_id, p_name, v_predicate, backlog_internal.caller(), backlog_internal.clock()
  )
  on conflict (pipeline_table_id, name) do update
  set
    predicate = excluded.predicate,
    created_by = excluded.created_by,
    created_at = excluded.created_at;
  return v_predicate;
end;
$$;

comment on function backlog.add_pipeline_check(text, text, text, text) is
  $$Add a rule that rows must keep to be loaded, or replace the rule of that name. Return it as understood.

The predicate is an expression over the columns of the delta table, without subqueries. A row breaks it
when it is false; null passes, as in a check constraint. It is judged with the rights of the role that
loads run as, hence only immutable expressions are accepted, so that a verdict does not depend on when
it is passed; functions that neither PostgreSQL nor an extension provides only from members of that role.

Raises PB101 when there is no such table, PB102 when the predicate cannot be used, PB003 when name or
predicate is empty, 42501 when it names a function, type or operator that the caller may not bring in.$$;
