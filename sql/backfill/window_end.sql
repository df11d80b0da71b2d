create or replace function backlog_internal.window_end(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk,
  p_rows int
)
  returns text[]
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_end  text[];
  v_last text[];
begin
  v_end := backlog_internal.dense_end(p_backfill, p_chunk, p_rows);
  if v_end is not null then
    return nullif(v_end, p_chunk.upper_key);
  end if;
  if p_chunk.kind = 'settle' or p_backfill.where_sql = 'true' then
    v_end := backlog_internal.middle_key(
      p_backfill,
      backlog_internal.range_sql(
        p_backfill.key_sql, p_backfill.key_types, p_chunk.lower_key, p_chunk.upper_key, p_backfill.key_is_nullable
      ),
      p_rows
    );
  else
    -- Two limits: rows read, and among them rows that match.
    v_end := backlog_internal.middle_key(
      p_backfill, backlog_internal.chunk_sql(p_backfill, p_chunk),
      greatest(p_rows::bigint * p_backfill.scan_size / p_backfill.batch_size, 1)
    );
    v_last := backlog_internal.middle_key(
      p_backfill,
      format('%s and (%s)', backlog_internal.range_sql(
        p_backfill.key_sql, p_backfill.key_types, p_chunk.lower_key, coalesce(v_end, p_chunk.upper_key),
        p_backfill.key_is_nullable
      ), p_backfill.where_sql),
      p_rows
    );
    v_end := coalesce(v_last, v_end);
  end if;
  return case when v_end = p_chunk.upper_key then null else v_end end;
end;
$$;

comment on function backlog_internal.window_end(
  backlog_internal.backfill, backlog_internal.backfill_chunk, int
) is
  $$Return the key with which a chunk must end to hold p_rows rows; null when it does not hold more.

A chunk also ends when it would read more than its share of scan_size. Rows with equal keys stay together.$$;
