create or replace function backlog_internal.chunk_order(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk
)
  returns jsonb
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object(
    'action', 'run',
    'run', p_backfill.backfill_id || '-' || to_hex((extract(epoch from p_backfill.created_at) * 1000000)::bigint),
    'backfill_id', p_backfill.backfill_id,
    'chunk_id', p_chunk.chunk_id,
    'fence', p_chunk.lock_token,
    'replaces', p_chunk.replaces,
    'gone', backlog_internal.gone_sql(p_backfill, p_chunk),
    'pipeline', (select p.name from backlog_internal.pipeline as p where p.pipeline_id = p_backfill.pipeline_id),
    'table', p_backfill.source_table::text,
    'destination', p_backfill.destination,
    'mode', p_backfill.write_mode,
    'key', p_backfill.target_key,
    'batch_rows', p_backfill.batch_size,
    'on_error', p_backfill.on_error,
    'max_refused', m.most,
    'query', format(
      'select %s from %s as s where %s',
      array_to_string(p_backfill.column_sql, ', '), p_backfill.source_table, w.sql
    ),
    'unreadable', format(
      'select * from backlog.unreadable_rows(%L, %L, %L, %L, %s)',
      p_backfill.source_table, array_to_string(p_backfill.column_sql, ', '), w.sql,
      backlog_internal.shown_key(p_backfill), m.most + 1
    ),
    'settings', jsonb_build_object('search_path', 'pg_catalog'),
    'columns', (
      select jsonb_agg(
        jsonb_build_object(
          'name', c.target,
          'type', case
            when starts_with(c.sql, format('s.%I::', c.name)) then substr(c.sql, length(format('s.%I::', c.name)) + 1)
            else format_type(a.atttypid, a.atttypmod)
          end,
          'not_null', coalesce(a.attnotnull, false),
          'bytewise', c.sql = format('s.%I', c.name) and a.attcollation <> 0
            and backlog_internal.is_bytewise(a.attcollation)
        ) order by c.place
      )
      from unnest(p_backfill.column_names, p_backfill.column_sql, p_backfill.target_columns) with ordinality
        as c (name, sql, target, place)
      left join pg_attribute as a on a.attrelid = p_backfill.source_table and a.attname = c.name
    )
  )
  from backlog_internal.chunk_where(p_backfill, p_chunk) as w (sql)
  cross join lateral (select backlog_internal.setting('backfill_max_refused_rows')::int) as m (most)
$$;

comment on function backlog_internal.chunk_order(backlog_internal.backfill, backlog_internal.backfill_chunk) is
  $$Return what a writer has to know to copy a chunk: the query, the columns, the destination and the names
by which run and chunk are known there.$$;
