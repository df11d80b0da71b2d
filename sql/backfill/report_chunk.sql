create or replace function backlog_internal.report_chunk(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_pipeline text := (
    select p.name from backlog_internal.pipeline as p where p.pipeline_id = p_backfill.pipeline_id
  );
  v_wanted   text := 'none';
  v_records  jsonb;
begin
  if p_chunk.rows_matched = 0 then
    return;
  end if;
  -- Rows are read again here for hooks that want them, but this transaction cannot see a writer's snapshot.
  if p_backfill.snapshot_number is null
    and exists (select from backlog_internal.hook as h where h.kind = 'checkpoint' and h.enabled)
  then
    v_wanted := backlog_internal.wanted_payload('checkpoint', v_pipeline);
  end if;
  if v_wanted <> 'none' and p_chunk.kind not in ('touched', 'extra') then
    execute format(
      'select coalesce(jsonb_agg(jsonb_build_object(%s)), ''[]'') from %s as s where %s and (%s)',
      (
        select string_agg(format('%L, %s', c.target, c.sql), ', ' order by c.place)
        from unnest(p_backfill.target_columns, p_backfill.column_sql) with ordinality as c (target, sql, place)
        where v_wanted = 'records'
          or c.target = any (p_backfill.target_key)
          or cardinality(p_backfill.target_key) = 0
      ),
      p_backfill.source_table, backlog_internal.chunk_sql(p_backfill, p_chunk), p_backfill.where_sql
    )
    into v_records;
  end if;
  perform backlog_internal.write_events(
    'checkpoint', v_pipeline, backlog_internal.source_name(p_backfill), v_records, p_chunk.rows_matched,
    'backfill', p_backfill.backfill_id, 'backfill:' || p_backfill.backfill_id,
    jsonb_build_object(
      'backfill_id', p_backfill.backfill_id, 'chunk_id', p_chunk.chunk_id, 'destination', p_backfill.destination,
      'rows_written', p_chunk.rows_written, 'rows_refused', p_chunk.rows_refused
    )
  );
end;
$$;

comment on function backlog_internal.report_chunk(
  backlog_internal.backfill, backlog_internal.backfill_chunk
) is
  $$Write the checkpoint event of a chunk, with its records or keys if a hook wants them.

They are read again for it, and named as in the destination. Without them is the event of a chunk that was
read in a snapshot that all chunks share: there they cannot be read again.$$;
