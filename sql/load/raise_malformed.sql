create or replace function backlog_internal.raise_malformed(
  p_table backlog_internal.pipeline_table,
  p_rows jsonb
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem record;
begin
  if jsonb_typeof(p_rows) = 'array' then
    select p.*
    into v_problem
    from backlog_internal.page_problems(p_table, p_rows) as p
    limit 1;
  end if;

  raise exception using
    errcode = 'PB105',
    message = case
      when jsonb_typeof(p_rows) is distinct from 'array'
        then format('rows for %s are %s, not an array', p_table.name, coalesce(jsonb_typeof(p_rows), 'null'))
      else format(
        'row %s for %s: %s', v_problem.row_position, p_table.name,
        concat_ws(': ', v_problem.column_name, v_problem.message)
      )
    end,
    hint = 'Correct the rows, or let the table quarantine them with on_malformed quarantine_row.';
end;
$$;

comment on function backlog_internal.raise_malformed(backlog_internal.pipeline_table, jsonb) is
  $$Refuse rows that do not fit their table, naming the first problem.

Raises PB105, always.$$;
