create or replace function backlog_internal.copy_chunk(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk
)
  returns backlog_internal.backfill_chunk
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_chunk backlog_internal.backfill_chunk := p_chunk;
  v_plain backlog_internal.backfill := p_backfill;
  v_where text := format(
    '%s and (%s)', backlog_internal.chunk_sql(p_backfill, p_chunk), p_backfill.where_sql
  );
begin
  v_chunk.rows_matched := null;
  if p_backfill.write_mode = 'append' then
    v_chunk.rows_matched := backlog_internal.copy_rows(p_backfill, v_where);
  elsif backlog_internal.finds_nothing(p_backfill, p_chunk) then
    begin
      -- Into an empty range a plain insert does, at half the cost of one that looks out for conflicts.
      v_plain.write_mode := 'append';
      v_chunk.rows_matched := backlog_internal.copy_rows(v_plain, v_where);
    exception
      when unique_violation then
        v_chunk.rows_matched := null;
        perform set_config('backlog.backfill_empty', '', false);
    end;
  end if;

  if v_chunk.rows_matched is not null then
    v_chunk.rows_written := v_chunk.rows_matched;
    v_chunk.rows_scanned := case
      when p_backfill.where_sql = 'true' then v_chunk.rows_matched
      else backlog_internal.count_rows(p_backfill, backlog_internal.chunk_sql(p_backfill, p_chunk))
    end;
    return v_chunk;
  end if;
  v_chunk := backlog_internal.count_chunk(p_backfill, p_chunk);
  v_chunk.rows_written := backlog_internal.copy_rows(p_backfill, v_where);
  return v_chunk;
end;
$$;

comment on function backlog_internal.copy_chunk(
  backlog_internal.backfill, backlog_internal.backfill_chunk
) is
  $$Copy the rows of a chunk to its table; return the chunk with its counts.$$;
