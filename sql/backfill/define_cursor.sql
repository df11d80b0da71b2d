create or replace function backlog_internal.define_cursor(
  p_backfill backlog_internal.backfill,
  p_incremental jsonb
)
  returns backlog_internal.backfill
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set datestyle = 'ISO'
  set intervalstyle = 'postgres'
  set extra_float_digits = 1
as $$
declare
  v_backfill backlog_internal.backfill := p_backfill;
  v_type     oid;
  v_category text;
begin
  if coalesce(jsonb_typeof(p_incremental), 'null') = 'null' then
    return v_backfill;
  end if;
  v_backfill.incremental_column := p_incremental ->> 'column';
  select a.atttypid, t.typcategory into v_type, v_category
  from pg_attribute as a
  join pg_type as t on t.oid = a.atttypid
  where a.attrelid = p_backfill.source_table
    and a.attname = v_backfill.incremental_column
    and a.attnum > 0
    and not a.attisdropped;
  if v_type is null or v_category not in ('D', 'N')
    or p_incremental - 'column' - 'overlap' <> '{}'
    or jsonb_typeof(coalesce(p_incremental -> 'overlap', '0')) <> 'number'
    or (p_incremental ->> 'overlap')::numeric < 0
  then
    perform backlog_internal.raise_invalid_backfill(
      format('%s cannot be followed by %s', p_backfill.source_table, p_incremental),
      'Give {"column": a column of times or numbers, "overlap": seconds, or units of the number}.'
    );
  end if;
  v_backfill.overlap_seconds := coalesce((p_incremental ->> 'overlap')::numeric::int, 0);

  -- Behind infinity, or what is no number, nothing would ever come.
  execute format(
    'select max(s.%I)::text from %s as s where %s', v_backfill.incremental_column, p_backfill.source_table,
    backlog_internal.finite_sql(format('s.%I', v_backfill.incremental_column), v_type)
  )
  into v_backfill.cursor_to;
  v_backfill.cursor_from := (backlog_internal.find_cursor_run(v_backfill)).cursor_to;
  if v_backfill.cursor_from is not null and v_backfill.overlap_seconds > 0 then
    execute format(
      'select (%L::%s - %s)::text', v_backfill.cursor_from, format_type(v_type, -1),
      case v_category when 'D' then format('interval ''%s seconds''', v_backfill.overlap_seconds)
        else v_backfill.overlap_seconds::text end
    )
    into v_backfill.cursor_from;
  end if;
  v_backfill.cursor_to := coalesce(v_backfill.cursor_to, v_backfill.cursor_from);
  return v_backfill;
end;
$$;

comment on function backlog_internal.define_cursor(backlog_internal.backfill, jsonb) is
  $$Settle from where to where an incremental run reads: from the end of the last one, less the overlap.

Raises PB302 when the column cannot be followed.$$;
