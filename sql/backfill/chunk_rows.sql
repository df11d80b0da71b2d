create or replace function backlog_internal.chunk_rows(p_backfill backlog_internal.backfill)
  returns int
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_target numeric := backlog_internal.setting('backfill_chunk_seconds')::numeric;
  v_bytes  numeric := backlog_internal.setting('backfill_chunk_mb')::numeric * 1048576;
  v_most   numeric := p_backfill.batch_size;
  -- With filters a chunk reads more rows than it writes.
  v_share  numeric := case p_backfill.where_sql
    when 'true' then 1 else p_backfill.batch_size::numeric / p_backfill.scan_size end;
  v_rows   numeric;
  v_last   numeric;
  v_width  numeric;
begin
  select
    sum(c.rows_scanned) / greatest(extract(epoch from sum(c.finished_at - c.started_at)), 0.001) * v_target
      * v_share,
    max(c.rows_scanned) * v_share,
    sum(c.bytes) / nullif(sum(c.rows_matched), 0)
  into v_rows, v_last, v_width
  from (
    select r.rows_scanned, r.rows_matched, r.bytes, r.finished_at, r.started_at
    from backlog_internal.backfill_chunk as r
    where r.backfill_id = p_backfill.backfill_id
      and r.finished_at is not null
      and r.rows_scanned > 0
    order by r.finished_at desc
    limit 5
  ) as c;
  -- By bytes: as wide as the last rows were, else as the statistics say.
  v_width := coalesce(nullif(v_width, 0), p_backfill.row_width);
  if v_bytes > 0 and v_width > 0 then
    v_most := least(v_most, greatest(floor(v_bytes / v_width), 1));
  end if;
  -- By time: down at once, up by half as much again, so that a quiet moment does not make a chunk too large.
  -- Chunks may be small for other reasons than time, which is no reason to make more of them.
  if v_rows is null or v_rows >= v_most * 2 then
    return v_most::int;
  end if;
  return greatest(least(v_rows, greatest(v_last * 1.5, 100), v_most), least(100, v_most))::int;
end;
$$;

comment on function backlog_internal.chunk_rows(backlog_internal.backfill) is
  $$Return how many rows the next chunk may write: batch_size, or fewer when the last ones took
too long or when rows are so wide that they would be too many bytes.$$;
