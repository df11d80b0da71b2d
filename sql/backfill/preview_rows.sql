create or replace function backlog_internal.preview_rows(p_backfill backlog_internal.backfill)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backwards text[] := array(select k.sql || ' desc' from unnest(p_backfill.key_sql) as k (sql));
  v_columns   text := (
    select string_agg(format('%s as %I', c.sql, c.target), ', ' order by c.place)
    from unnest(p_backfill.column_sql, p_backfill.target_columns) with ordinality as c (sql, target, place)
  );
  v_rows      jsonb;
begin
  v_rows := jsonb_build_object(
    'first', backlog_internal.sample_rows(p_backfill, v_columns, p_backfill.key_sql),
    'last', backlog_internal.sample_rows(p_backfill, v_columns, v_backwards)
  );
  return v_rows;
exception
  when data_exception or integrity_constraint_violation or program_limit_exceeded or feature_not_supported then
    -- It may as well be the condition, which is an error then.
    perform backlog_internal.sample_rows(p_backfill, '1', p_backfill.key_sql);
    perform backlog_internal.sample_rows(p_backfill, '1', v_backwards);
    return jsonb_build_object('problem', format('some rows cannot be read as wanted, and are refused: %s', sqlerrm));
end;
$$;

comment on function backlog_internal.preview_rows(backlog_internal.backfill) is
  $$Return up to five rows of the first and of the last chunk, as the destination would get them, or what keeps
rows from being read so.$$;
