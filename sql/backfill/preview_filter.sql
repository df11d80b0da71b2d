create or replace function backlog_internal.preview_filter(
  p_backfill backlog_internal.backfill,
  p_rows bigint
)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_plan  json;
  v_index text;
  v_rows  bigint;
  v_size  bigint := case p_backfill.where_sql when 'true' then p_backfill.batch_size else p_backfill.scan_size end;
  v_warnings text[];
  v_filled boolean := false;
begin
  execute format('explain (format json) select from %s as s where %s', p_backfill.source_table, p_backfill.where_sql)
  into v_plan;
  v_rows := (v_plan -> 0 -> 'Plan' ->> 'Plan Rows')::numeric::bigint;
  v_index := (jsonb_path_query_first(v_plan::jsonb, '$.**."Index Name"')) #>> '{}';
  if p_backfill.where_sql = 'true' then
    v_index := null;
  end if;

  if p_backfill.consistency = 'converge' and p_backfill.target_table is not null then
    execute format('select exists (select from %s)', p_backfill.target_table) into v_filled;
  end if;

  v_warnings := array_remove(array[
    case when p_backfill.where_sql <> 'true' and v_index is null then format(
      'no index serves the filters: about %s rows are read to find %s', p_rows, v_rows
    ) end,
    case when cardinality(p_backfill.key_columns) = 0 and p_backfill.consistency <> 'snapshot'
      then 'the table has no key that chunks could be cut by: it is copied in one transaction' end,
    case when cardinality(p_backfill.key_columns) > 0 and not p_backfill.key_is_unique
      then 'the key is not unique: rows with equal keys stay in one chunk, whatever its size' end,
    case when p_backfill.write_mode = 'append'
      then 'rows are appended: a second run would double them' end,
    case when p_backfill.consistency = 'chunk' and coalesce(p_backfill.overlap_seconds, 0) = 0 and exists (
      select from pg_class as c where c.oid = p_backfill.source_table and c.relkind in ('v', 'f')
    ) then 'rows committed late are not looked for: a view or foreign table does not show when a row was'
      ' written; p_incremental with an overlap reads them in the next run' end,
    case when exists (
      select from pg_attribute as a
      where a.attrelid = p_backfill.source_table
        and a.attname = p_backfill.incremental_column
        and not a.attnotnull
    ) then format('rows in which %I is null are never read', p_backfill.incremental_column) end,
    case when p_backfill.snapshot_number is not null
      then 'vacuum waits until its snapshot is let go at the end' end,
    case when p_backfill.consistency = 'snapshot' and p_backfill.snapshot_number is null
      then 'all rows are one chunk, read by one statement' end,
    case when v_filled
      then 'the destination has rows: those that the source does not have may be deleted' end
  ], null);
  return jsonb_build_object(
    'rows_matching', v_rows, 'index', v_index, 'warnings', v_warnings, 'query_plan', v_plan,
    'chunks', case when cardinality(p_backfill.key_columns) = 0 then 1
      else ceil(greatest(p_rows, 1)::numeric / v_size) end
  );
end;
$$;

comment on function backlog_internal.preview_filter(backlog_internal.backfill, bigint) is
  $$Tell how a backfill's filters would be served, how much they would match, and what to beware of.$$;
