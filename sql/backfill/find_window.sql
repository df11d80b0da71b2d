create or replace function backlog_internal.find_window(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk,
  p_rows int,
  out end_key text[],
  out rows_estimated bigint
)
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_last text[];
begin
  rows_estimated := p_rows;
  end_key := backlog_internal.dense_end(p_backfill, p_chunk, p_rows);
  if end_key is not null then
    rows_estimated := end_key[1]::numeric - p_chunk.lower_key[1]::numeric;
  elsif p_chunk.kind = 'settle' or p_backfill.where_sql = 'true' then
    end_key := backlog_internal.middle_key(
      p_backfill,
      backlog_internal.range_sql(
        p_backfill.key_sql, p_backfill.key_types, p_chunk.lower_key, p_chunk.upper_key, p_backfill.key_is_nullable
      ),
      p_rows
    );
  else
    -- Two limits: rows read, and among them rows that match.
    end_key := backlog_internal.middle_key(
      p_backfill, backlog_internal.chunk_sql(p_backfill, p_chunk),
      greatest(p_rows::bigint * p_backfill.scan_size / p_backfill.batch_size, 1)
    );
    v_last := backlog_internal.middle_key(
      p_backfill,
      format('%s and (%s)', backlog_internal.range_sql(
        p_backfill.key_sql, p_backfill.key_types, p_chunk.lower_key, coalesce(end_key, p_chunk.upper_key),
        p_backfill.key_is_nullable
      ), p_backfill.where_sql),
      p_rows
    );
    end_key := nullif(coalesce(v_last, end_key), p_chunk.upper_key);
    if end_key is not null then
      rows_estimated := backlog_internal.count_rows(p_backfill, backlog_internal.range_sql(
        p_backfill.key_sql, p_backfill.key_types, p_chunk.lower_key, end_key, p_backfill.key_is_nullable
      ));
    end if;
  end if;
  end_key := nullif(end_key, p_chunk.upper_key);
end;
$$;

comment on function backlog_internal.find_window(
  backlog_internal.backfill, backlog_internal.backfill_chunk, int
) is
  $$Return the key with which a chunk must end to hold p_rows rows, null when it does not hold more; and how many
rows it holds up to there, counted by key if not known from cutting it.

A chunk also ends when it would read more than its share of scan_size. Rows with equal keys stay together.$$;
