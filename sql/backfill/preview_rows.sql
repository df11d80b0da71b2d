create or replace function backlog_internal.preview_rows(p_backfill backlog_internal.backfill)
  returns jsonb
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_keys  text := array_to_string(p_backfill.key_sql, ', ');
  v_first jsonb;
  v_last  jsonb;
  v_query text;
begin
  -- No more than one chunk reads, however little of it matches.
  v_query := format(
    'select coalesce(jsonb_agg(to_jsonb(r)), ''[]'') from ('
      'select %s from (select s.* from %s as s $order$ limit %s) as s where %s limit 5) as r',
    (
      select string_agg(format('%s as %I', c.sql, c.target), ', ' order by c.place)
      from unnest(p_backfill.column_sql, p_backfill.target_columns) with ordinality as c (sql, target, place)
    ),
    p_backfill.source_table, p_backfill.scan_size, p_backfill.where_sql
  );
  execute replace(v_query, '$order$', coalesce('order by ' || nullif(v_keys, ''), '')) into v_first;
  execute replace(
    v_query, '$order$',
    coalesce('order by ' || nullif(array_to_string(
      array(select k.sql || ' desc' from unnest(p_backfill.key_sql) as k (sql)), ', '
    ), ''), '')
  )
  into v_last;
  return jsonb_build_object('first', v_first, 'last', v_last);
end;
$$;

comment on function backlog_internal.preview_rows(backlog_internal.backfill) is
  $$Return up to five rows of the first and of the last chunk, as the destination would get them.$$;
