create or replace function backlog_internal.window_end(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk,
  p_rows int
)
  returns text[]
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
  set datestyle = 'ISO'
  set intervalstyle = 'postgres'
  set extra_float_digits = 1
as $$
declare
  v_end  text[];
  v_last text[];
  v_probe text := format(
    'select array[%s] from %s as s where %%s order by %s offset %%s limit 1',
    array_to_string(array(select k.sql || '::text' from unnest(p_backfill.key_sql) as k (sql)), ', '),
    p_backfill.source_table, array_to_string(p_backfill.key_sql, ', ')
  );
begin
  if p_chunk.kind = 'settle' or p_backfill.where_sql = 'true' then
    execute format(
      v_probe,
      backlog_internal.range_sql(
        p_backfill.key_sql, p_backfill.key_types, p_chunk.lower_key, p_chunk.upper_key, p_backfill.key_is_nullable
      ),
      p_rows - 1
    )
    into v_end;
  else
    -- Two limits: rows read, and among them rows that match.
    execute format(
      v_probe, backlog_internal.chunk_sql(p_backfill, p_chunk),
      greatest(p_rows::bigint * p_backfill.scan_size / p_backfill.batch_size, 1) - 1
    )
    into v_end;
    v_last := coalesce(v_end, p_chunk.upper_key);
    execute format(
      v_probe,
      format('%s and (%s)', backlog_internal.range_sql(
        p_backfill.key_sql, p_backfill.key_types, p_chunk.lower_key, v_last, p_backfill.key_is_nullable
      ), p_backfill.where_sql),
      p_rows - 1
    )
    into v_last;
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
