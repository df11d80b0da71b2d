create or replace function backlog_internal.delete_extra(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk
)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  set datestyle = 'ISO'
  set intervalstyle = 'postgres'
  set extra_float_digits = 1
as $$
declare
  v_keys  text := backlog_internal.quoted_list(p_backfill.target_key, 't.%I');
  v_sql   text[];
  v_types text[];
  v_end   text[];
begin
  -- Cut by the rows of the destination, in its own order: the source may have none of them any more.
  select
    array_agg(format('t.%I', k.name) order by k.place), array_agg(format_type(a.atttypid, -1) order by k.place)
  into v_sql, v_types
  from unnest(p_backfill.target_key) with ordinality as k (name, place)
  join pg_attribute as a on a.attrelid = p_backfill.target_table and a.attname = k.name;
  execute format(
    'select array[%s] from (select %s from %s as t where %s order by %s offset %s limit 1) as t',
    backlog_internal.quoted_list(p_backfill.target_key, 't.%I::text'), v_keys, p_backfill.target_table,
    backlog_internal.range_sql(v_sql, v_types, p_chunk.lower_key, null), v_keys,
    greatest(p_backfill.batch_size, 1000) - 1
  )
  into v_end;
  if v_end is not null then
    perform backlog_internal.store_parts(backlog_internal.chunk_parts(p_chunk, v_end, 0));
  end if;
  return backlog_internal.delete_unmatched(
    p_backfill, backlog_internal.range_sql(v_sql, v_types, p_chunk.lower_key, v_end), p_backfill.where_sql
  );
end;
$$;

comment on function backlog_internal.delete_extra(
  backlog_internal.backfill, backlog_internal.backfill_chunk
) is
  $$Delete from the destination what the source does not have or no longer matches; return how many rows.

Looks at a batch of rows of the destination; the rest becomes another chunk.$$;
