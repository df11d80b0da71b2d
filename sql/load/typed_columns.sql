create or replace function backlog_internal.typed_columns(
  p_delta regclass,
  p_columns text[],
  p_row jsonb
)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_typed jsonb;
begin
  if cardinality(p_columns) = 0
    or jsonb_typeof(p_row) is distinct from 'object'
    or not p_row ?& p_columns
  then
    return null;
  end if;

  execute format('select to_jsonb(jsonb_populate_record(null::%s, $1))', p_delta)
  into v_typed
  using (select jsonb_object_agg(c.name, p_row -> c.name) from unnest(p_columns) as c (name));
  return (
    select case when bool_and(v_typed ->> c.name is not null) then jsonb_object_agg(c.name, v_typed -> c.name) end
    from unnest(p_columns) as c (name)
  );
exception
  when data_exception or integrity_constraint_violation or syntax_error_or_access_rule_violation
    or program_limit_exceeded
  then
    return null;
end;
$$;

comment on function backlog_internal.typed_columns(regclass, text[], jsonb) is
  $$Return some columns of a JSON row as the delta table would hold them; null when one is missing or does not fit.$$;
