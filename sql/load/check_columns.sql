create or replace function backlog_internal.check_columns(p_table backlog_internal.pipeline_table)
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_hint    text := format(
    'Call backlog.refresh_pipeline_table to follow the change of %s.', p_table.stable_table
  );
  v_problem text;
begin
  select string_agg(format('column %I is gone', n.name), ', ')
  into v_problem
  from unnest(p_table.column_names) as n (name)
  where not exists (
    select
    from backlog_internal.stable_columns(p_table.stable_table) as c
    where c.column_name = n.name
  );
  v_problem := concat_ws(', ', v_problem, (
    select string_agg(format('column %I is new and required', c.column_name), ', ')
    from backlog_internal.stable_columns(p_table.stable_table) as c
    where c.is_required
      and c.column_name <> all (p_table.column_names)
  ));
  if v_problem <> '' then
    perform backlog_internal.raise_invalid_pipeline(
      format('%s does not fit its delta table any more: %s', p_table.stable_table, v_problem), v_hint
    );
  end if;

  -- The unique constraint that tells rows apart may have been dropped.
  if p_table.key_columns <> '{}' then
    perform backlog_internal.choose_key(p_table.stable_table, p_table.mode, p_table.key_columns);
  end if;
end;
$$;

comment on function backlog_internal.check_columns(backlog_internal.pipeline_table) is
  $$Insist that a delta table still fits its stable table.

Raises PB102 when a column has gone, been renamed or become necessary, or the key is not unique.$$;
