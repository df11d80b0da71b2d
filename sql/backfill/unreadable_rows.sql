create or replace function backlog.unreadable_rows(
  p_table regclass,
  p_columns text,
  p_where text = 'true',
  p_key text = 'null',
  p_limit int = 1000
)
  returns table (row_text text, record jsonb, key text, error text, error_code text)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set row_security = off
as $$
declare
  v_read text := format('select row(%s)::text from (select ($1::%s).*) as s', p_columns, p_table);
begin
  -- One query and hence one snapshot, whatever happens to the rows meanwhile. Texts of rows are compared with
  -- those of the caller's queries, so they are written under its settings.
  for row_text, record, key in execute format(
    'select (s.*)::text, to_jsonb(s.*), (%s)::text from %s as s where %s', p_key, p_table, p_where
  ) loop
    begin
      execute v_read using row_text;
    exception
      when data_exception or integrity_constraint_violation or cardinality_violation
        or raise_exception or program_limit_exceeded or feature_not_supported
      then
        error := sqlerrm;
        error_code := sqlstate;
        return next;
        p_limit := p_limit - 1;
        exit when p_limit < 1;
    end;
  end loop;
end;
$$;

comment on function backlog.unreadable_rows(regclass, text, text, text, int) is
  $$Find the rows of a table for which an expression cannot be evaluated, a cast above all.

For workers of writers whose query of a chunk failed: all parameters are SQL, in which the table is called s,
and run with the rights of the caller. Returns at most p_limit rows (null: all), each as text, by which it is
told from the others, and as an object, with its key and the error.$$;
