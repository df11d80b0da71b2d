create or replace function backlog_internal.bisect_chunk(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk,
  out written bigint,
  out refusals backlog_internal.incident[]
)
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_parts backlog_internal.backfill_chunk[] := array[p_chunk];
  v_part  backlog_internal.backfill_chunk;
  v_rest  backlog_internal.backfill_chunk;
  v_where text;
  v_rows  bigint;
  v_few   record;
begin
  written := 0;
  refusals := array[]::backlog_internal.incident[];
  while cardinality(v_parts) > 0 loop
    v_part := v_parts[cardinality(v_parts)];
    v_parts := v_parts[:cardinality(v_parts) - 1];
    v_where := format('%s and (%s)', backlog_internal.chunk_sql(p_backfill, v_part), p_backfill.where_sql);
    v_rows := backlog_internal.count_rows(p_backfill, v_where);
    -- Without a range that can be halved, or when little is left, row by row.
    if v_rows <= 20 or v_part.rows_estimated = -1 or v_part.kind not in ('range', 'settle') then
      v_few := backlog_internal.copy_rows_singly(p_backfill, p_chunk, v_where);
      written := written + v_few.written;
      refusals := refusals || v_few.refusals;
      perform backlog_internal.check_refusals(refusals);
      continue;
    end if;

    begin
      written := written + backlog_internal.copy_rows(p_backfill, v_where);
    exception
      when data_exception or integrity_constraint_violation or cardinality_violation
        or raise_exception or with_check_option_violation or program_limit_exceeded or feature_not_supported
      then
        v_rest := v_part;
        v_part.upper_key := backlog_internal.middle_key(p_backfill, v_where, v_rows / 2);
        v_rest.lower_key := v_part.upper_key;
        if v_part.upper_key = v_rest.upper_key then
          -- From the middle on all rows share one key.
          v_part.rows_estimated := -1;
          v_parts := v_parts || v_part;
          continue;
        end if;
        v_parts := v_parts || v_rest || v_part;
    end;
  end loop;
end;
$$;

comment on function backlog_internal.bisect_chunk(
  backlog_internal.backfill, backlog_internal.backfill_chunk
) is
  $$Copy a chunk that the destination refuses as a whole: halve it until the rows at fault are alone.

Returns how many rows were written, and the incidents of those that were refused.

Raises PB306 when too many are refused.$$;
