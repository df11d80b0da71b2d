create or replace function backlog_internal.comparison_order(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk
)
  returns jsonb
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_mapped text[] := backlog_internal.mapped_key(p_backfill);
begin
  return jsonb_build_object(
    'fence', backlog_internal.comparison_fence(p_chunk),
    'kind', p_chunk.kind,
    'query', format(
      'select %s, %s from %s as s where %s',
      array_to_string(p_backfill.column_sql, ', '), backlog_internal.shown_key(p_backfill), p_backfill.source_table,
      backlog_internal.chunk_where(p_backfill, p_chunk)
    ),
    'key', v_mapped,
    'match', coalesce(nullif(p_backfill.target_key, array[]::text[]), v_mapped, array[]::text[]),
    'key_types', p_backfill.key_types,
    'lower_key', p_chunk.lower_key,
    'upper_key', p_chunk.upper_key,
    'whole_range', p_chunk.kind = 'range' and p_backfill.key_is_unique
      and p_backfill.target_key is not distinct from v_mapped
      -- An index that orders otherwise than its column.
      and array_to_string(p_backfill.key_sql, ' ') not like '% collate %'
      and backlog_internal.owns_destination(p_backfill)
  );
end;
$$;

comment on function backlog_internal.comparison_order(
  backlog_internal.backfill, backlog_internal.backfill_chunk
) is
  $$Return what a writer has to know to compare a chunk: the query, whose last column is the key as text, the
columns by which rows are found, and whether all that is in its range should come from the source.$$;
