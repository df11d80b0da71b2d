create or replace function backlog_internal.copy_sql(
  p_backfill backlog_internal.backfill,
  p_where text,
  p_from text = null
)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_columns text := backlog_internal.quoted_list(p_backfill.target_columns);
  v_keys    text := backlog_internal.quoted_list(p_backfill.target_key);
  v_sets    text;
  v_differs text;
  v_insert  text;
begin
  v_insert := format(
    'insert into %s as t (%s) overriding system value select %s from %s as s where %s',
    p_backfill.target_table, v_columns, coalesce(p_backfill.copied_sql, backlog_internal.guarded_columns(p_backfill)),
    coalesce(p_from, p_backfill.source_table::text), p_where
  );
  if p_backfill.write_mode = 'append'
    or exists (select from pg_foreign_table as f where f.ftrelid = p_backfill.target_table)
  then
    return v_insert;
  end if;

  select
    string_agg(format('%I = excluded.%I', c.target, c.target), ', '),
    string_agg(
      -- Types without an equality, or whose equality overlooks differences, are compared as text.
      case when k.alike then format('t.%I is distinct from excluded.%I', c.target, c.target)
      else format('t.%I::text collate "C" is distinct from excluded.%I::text collate "C"', c.target, c.target) end,
      ' or '
    )
  into v_sets, v_differs
  from unnest(p_backfill.target_columns) as c (target)
  join backlog_internal.stable_columns(p_backfill.target_table) as r on r.column_name = c.target
  cross join lateral (
    -- 1.0 is 1.00, and a month is 30 days, as far as these go.
    select r.compares and r.type_name !~ '^(numeric$|interval|real$|double precision$|jsonb$)'
  ) as k (alike)
  -- A key as well, if it may be equal and yet look different.
  where (c.target <> all (p_backfill.target_key) or not k.alike)
    and not r.is_key_only;

  -- Unchanged rows are left alone, so that a second run costs no new row versions.
  return v_insert || format(
    ' on conflict (%s) do %s', v_keys,
    case when v_sets is null then 'nothing' else format('update set %s where %s', v_sets, v_differs) end
  );
end;
$$;

comment on function backlog_internal.copy_sql(backlog_internal.backfill, text, text) is
  $$Write the statement that copies the rows of the source s for which a condition holds to its table.

p_from is read in place of the source.$$;
