create or replace function backlog_internal.verify_chunk(
  p_backfill backlog_internal.backfill,
  p_chunk_id bigint
)
  returns backlog_internal.backfill_chunk
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set datestyle = 'ISO'
  set intervalstyle = 'postgres'
  set extra_float_digits = 1
  set timezone = 'UTC'
  set row_security = off
as $$
declare
  v_chunk      backlog_internal.backfill_chunk;
  v_source     text;
  v_target     text;
  v_counts     text := 'select a.*, b.* from (select count(*), coalesce(sum(r.sum), 0) from (%s) as r) as a,'
    ' (select count(*), coalesce(sum(r.sum), 0) from (%s) as r) as b';
  v_unreadable text[];
begin
  -- Of two who compare it at once the second waits for the first. It may be gone, or open again, by then.
  select c.* into v_chunk
  from backlog_internal.backfill_chunk as c
  where c.chunk_id = p_chunk_id
    and c.state = 'COMPLETED'
  for no key update;
  if not found then
    return null;
  end if;
  v_source := backlog_internal.verify_sql(p_backfill, v_chunk, 'source');
  v_target := backlog_internal.verify_sql(p_backfill, v_chunk, 'destination');
  begin
    execute format(v_counts, v_source, v_target)
    into v_chunk.source_rows, v_chunk.source_checksum, v_chunk.destination_rows, v_chunk.destination_checksum;
  exception
    when data_exception or integrity_constraint_violation or program_limit_exceeded or feature_not_supported then
      -- Rows that the destination refused, because their values cannot be those of its types.
      v_unreadable := array(
        select u.row_text
        from backlog.unreadable_rows(
          p_backfill.source_table, backlog_internal.verify_columns(p_backfill, 'source'),
          backlog_internal.chunk_where(p_backfill, v_chunk), p_limit => null
        ) as u
      );
      if cardinality(v_unreadable) = 0 then
        raise;
      end if;
      v_source := backlog_internal.verify_sql(p_backfill, v_chunk, 'source', v_unreadable);
      execute format(v_counts, v_source, v_target)
      into v_chunk.source_rows, v_chunk.source_checksum, v_chunk.destination_rows, v_chunk.destination_checksum;
  end;

  delete from backlog_internal.backfill_difference as d where d.chunk_id = p_chunk_id;
  if (v_chunk.source_rows, v_chunk.source_checksum)
      <> (v_chunk.destination_rows, v_chunk.destination_checksum)
    and p_backfill.key_is_unique
    and p_backfill.target_key = backlog_internal.mapped_key(p_backfill)
  then
    execute format(
      'insert into backlog_internal.backfill_difference (chunk_id, key, problem)'
        ' select $1, coalesce(a.key, b.key), case when b.key is null then ''missing'''
        ' when a.key is null then ''extra'' else ''different'' end'
        ' from (%s) as a full join (%s) as b on b.key = a.key'
        ' where (a.key is null or b.key is null or a.sum is distinct from b.sum)'
        -- By a null no row can be found again.
        ' and array_position(coalesce(a.key, b.key), null) is null',
      v_source, v_target
    )
    using p_chunk_id;
  end if;

  update backlog_internal.backfill_chunk as c
  set
    verified_at = backlog_internal.clock(),
    source_rows = v_chunk.source_rows,
    source_checksum = v_chunk.source_checksum,
    destination_rows = v_chunk.destination_rows,
    destination_checksum = v_chunk.destination_checksum
  where c.chunk_id = p_chunk_id
  returning c.* into v_chunk;
  return v_chunk;
end;
$$;

comment on function backlog_internal.verify_chunk(backlog_internal.backfill, bigint) is
  $$Compare a chunk in source and destination by count and checksum; keep which keys differ.
Returns null if it is being copied again.$$;
