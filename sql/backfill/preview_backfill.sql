create or replace function backlog.preview_backfill(
  p_pipeline text,
  p_table_name text,
  p_filters jsonb = '[]',
  p_destination jsonb = null,
  p_columns text[] = null,
  p_mapping jsonb = null,
  p_predicate text = null,
  p_consistency text = 'chunk',
  p_batch_size int = null,
  p_scan_size int = null,
  p_workers int = 2,
  p_create_target boolean = false,
  p_incremental jsonb = null,
  p_key text[] = null
)
  returns jsonb
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backfill backlog_internal.backfill;
  v_table    regclass;
  v_plan     record;
  v_preview  jsonb;
begin
  v_backfill := backlog_internal.define_backfill(
    jsonb_build_object(
      'pipeline', p_pipeline, 'table_name', p_table_name, 'filters', p_filters,
      'destination', p_destination, 'columns', p_columns, 'mapping', p_mapping,
      'predicate', p_predicate, 'consistency', p_consistency, 'batch_size', p_batch_size,
      'scan_size', p_scan_size, 'workers', p_workers, 'priority', 5, 'on_error', 'bisect',
      'incremental', p_incremental, 'key', p_key
    ),
    backlog_internal.caller()
  );
  v_table := to_regclass(v_backfill.destination ->> 'table');
  if v_backfill.kind <> 'table' then
    v_backfill := backlog_internal.define_target_key(v_backfill);
  elsif v_table is not null or not p_create_target then
    v_backfill.target_table := backlog_internal.resolve_backfill_table(
      v_backfill.pipeline_id, v_backfill.destination ->> 'table'
    );
    v_backfill := backlog_internal.define_target(v_backfill, backlog_internal.caller());
  end if;

  v_backfill.where_sql := backlog_internal.where_sql(v_backfill);
  v_backfill := backlog_internal.unite_chunks(v_backfill);
  v_plan := backlog_internal.plan_chunks(v_backfill);
  v_preview := jsonb_build_object(
    'table', v_backfill.source_table, 'target', v_backfill.target_table, 'write_mode', v_backfill.write_mode,
    'columns', v_backfill.column_names, 'key', v_backfill.key_columns, 'where', v_backfill.where_sql,
    'cursor_from', v_backfill.cursor_from, 'cursor_to', v_backfill.cursor_to,
    'plan', v_plan.plan_kind, 'upper_key', v_plan.upper_key, 'rows_estimated', v_plan.rows_estimated,
    'throttle', backlog.backfill_throttle(v_backfill.source_table)
  ) || backlog_internal.preview_filter(v_backfill, v_plan.rows_estimated)
    || case v_plan.plan_kind
      when 'blocks' then jsonb_build_object('chunks', cardinality(v_plan.bounds) + 1) else '{}' end
    || backlog_internal.preview_rows(v_backfill);
  if v_preview ->> 'problem' is not null then
    v_preview := jsonb_insert(v_preview, '{warnings, 0}', v_preview -> 'problem');
  end if;
  return v_preview - 'problem';
end;
$$;

comment on function backlog.preview_backfill(
  text, text, jsonb, jsonb, text[], jsonb, text, text, int, int, int, boolean, jsonb, text[]
) is
  $$Tell what a backfill with these arguments would do, without making it.

Returns a document: plan (histogram, keyset, blocks or whole), key, upper_key, rows_estimated, rows_matching and
chunks (estimated), index (the index that serves the filters, null when none does), warnings (what should
be known before it runs), where (the filters as SQL), query_plan, first and last (up to five rows from
the first and the last chunk, as the destination would get them), throttle (why it would wait now).

Raises what backlog.create_backfill raises.$$;
