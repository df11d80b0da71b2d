create or replace function backlog_internal.row_error(p_delta regclass, p_row jsonb)
  returns text[]
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_json jsonb;
begin
  -- Casting is the only way to learn, on every version, what the cast says: arrays, composites and
  -- lengths included. The subtransaction writes nothing, so it takes no transaction id.
  execute format('select to_jsonb(jsonb_populate_record(null::%s, $1))', p_delta)
  into v_json
  using p_row;
  return case when v_json is null then array['22004', 'no row'] end;
exception
  when data_exception or integrity_constraint_violation or syntax_error_or_access_rule_violation
    or program_limit_exceeded
  then
    return array[sqlstate, sqlerrm];
end;
$$;

comment on function backlog_internal.row_error(regclass, jsonb) is
  $$Tell why a JSON object does not fit the columns of a delta table: SQLSTATE and message, null when it does.$$;
