create or replace function backlog.verify_backfill(
  p_backfill_id bigint,
  p_limit int = 100,
  p_since timestamptz = null
)
  returns table (
    chunk_id bigint,
    source_rows bigint,
    destination_rows bigint,
    is_equal boolean,
    differences bigint,
    chunks_left bigint
  )
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_backfill backlog_internal.backfill := backlog_internal.find_backfill(p_backfill_id);
  v_chunk    backlog_internal.backfill_chunk;
  v_ids      bigint[];
begin
  if p_limit is null or p_limit < 1 then
    raise exception using
      errcode = 'PB003',
      message = 'limit must be positive',
      hint = 'It is the number of chunks to compare in this call.';
  end if;
  if v_backfill.kind <> 'table'
    or cardinality(v_backfill.key_columns) > 0 and backlog_internal.mapped_key(v_backfill) is null
  then
    perform backlog_internal.raise_invalid_backfill(
      format('backfill %s cannot be compared here', p_backfill_id),
      'Its destination must be a table to which the key of the chunks is copied. What a writer has brought is'
        ' compared by: pgbacklog backfill verify.'
    );
  end if;
  perform backlog_internal.hold_tables(v_backfill);
  perform backlog_internal.check_fingerprint(v_backfill);

  v_ids := array(
    select c.chunk_id
    from backlog_internal.backfill_chunk as c
    where c.backfill_id = p_backfill_id
      and c.state = 'COMPLETED'
      and c.kind in ('range', 'nulls', 'whole')
      and (c.verified_at is null or c.verified_at < coalesce(p_since, v_backfill.finished_at))
    order by c.chunk_id
  );
  foreach chunk_id in array v_ids[:p_limit] loop
    v_chunk := backlog_internal.verify_chunk(v_backfill, chunk_id);
    continue when v_chunk is null;
    source_rows := v_chunk.source_rows;
    destination_rows := v_chunk.destination_rows;
    is_equal := (v_chunk.source_rows, v_chunk.source_checksum)
      = (v_chunk.destination_rows, v_chunk.destination_checksum);
    differences := (
      select count(*) from backlog_internal.backfill_difference as d where d.chunk_id = v_chunk.chunk_id
    );
    chunks_left := greatest(cardinality(v_ids) - p_limit, 0);
    return next;
  end loop;
end;
$$;

comment on function backlog.verify_backfill(bigint, int, timestamptz) is
  $$Compare source and destination of a backfill, chunk by chunk, by count and checksum.

Works up to p_limit chunks that were not compared since p_since and returns a row for each; null means since
the backfill ended. chunks_left says how many remain. Rows that differ are found by key: view
backlog.backfill_differences. backlog.repair_backfill copies them again. Rows that changed in the source since
then differ too. With filters, or when rows of others are or may be there, rows of the destination that the
source no longer has cannot be told from those of others.

Raises PB301 when there is none, PB302 when its destination is not a table with the same key, PB304 when
tables or columns changed, PB003 when p_limit is not positive.$$;
