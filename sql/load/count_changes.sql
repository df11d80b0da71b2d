create or replace function backlog_internal.count_changes(
  p_table backlog_internal.pipeline_table,
  p_rows text,
  p_joined text,
  p_differs text,
  out o_new bigint,
  out o_changed bigint
)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_found boolean;
begin
  -- A look at the first rows tells whether this is a fetch of what is there already. If not, the
  -- update and the insert find out by themselves, and counting first would be a join too many.
  execute format(
    'select count(*) > 0 from (select r.* from (%s) as r where not r.backlog_deleted limit 1000) as r'
      ' left join %s as s on %s where s.%I is null or (%s)',
    p_rows, p_table.stable_table, p_joined, p_table.key_columns[1], p_differs
  )
  into v_found;
  if v_found then
    return;
  end if;

  execute format(
    'select count(*) filter (where s.%I is null), count(*) filter (where s.%I is not null and (%s))'
      ' from (%s) as r left join %s as s on %s where not r.backlog_deleted',
    p_table.key_columns[1], p_table.key_columns[1], p_differs, p_rows, p_table.stable_table, p_joined
  )
  into o_new, o_changed;
end;
$$;

comment on function backlog_internal.count_changes(
  backlog_internal.pipeline_table, text, text, text
) is
  $$Count the new and the changed rows of a load if there seem to be few; else leave both null.

One pass that reads, and may use parallel workers, instead of two that might write.$$;
