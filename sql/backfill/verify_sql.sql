create or replace function backlog_internal.verify_sql(
  p_backfill backlog_internal.backfill,
  p_chunk backlog_internal.backfill_chunk,
  p_side text,
  p_unreadable text[] = '{}'
)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_names  text[] := backlog_internal.mapped_key(p_backfill);
  -- Ranges are those of the source's order, whatever collation the destination has.
  v_keys   text[] := array(
    select format('t.%I', k.name) || coalesce(
      ' collate ' || coalesce(substring(k.sql from ' collate (.*)$'), nullif(s.attcollation, 0)::regcollation::text), ''
    )
    from unnest(v_names, p_backfill.key_columns, p_backfill.key_sql) with ordinality as k (name, source, sql, place)
    join pg_attribute as s on s.attrelid = p_backfill.source_table and s.attname = k.source
    order by k.place
  );
  v_values text := backlog_internal.verify_columns(p_backfill, p_side);
begin
  if p_side = 'source' then
    return format(
      'select array[%s]::text[] as key, hashtextextended(%s, 0) as sum from %s as s where %s and (%s)',
      backlog_internal.quoted_list(p_backfill.key_columns, 's.%I::text collate "C"'),
      format(
        case p_unreadable
          when '{}' then 'row(%s)::text'
          -- Nobody can tell what such a row should look like there, so nothing there looks like it.
          else 'case when (s.*)::text = any (%2$L::text[]) then (s.*)::text else row(%1$s)::text end'
        end, v_values, p_unreadable
      ),
      p_backfill.source_table,
      backlog_internal.chunk_sql(p_backfill, p_chunk), p_backfill.where_sql
    );
  end if;
  return format(
    'select array[%s]::text[] as key, hashtextextended(row(%s)::text, 0) as sum from %s as t where %s%s',
    backlog_internal.quoted_list(v_names, 't.%I::text collate "C"'), v_values,
    p_backfill.target_table,
    case p_chunk.kind
      when 'whole' then 'true'
      when 'nulls' then
        '(' || array_to_string(array(select k.sql || ' is null' from unnest(v_keys) as k (sql)), ' or ') || ')'
      else backlog_internal.range_sql(
        v_keys, p_backfill.key_types, p_chunk.lower_key, p_chunk.upper_key, p_backfill.key_is_nullable
      )
    end,
    -- What else is in the destination was not brought by this backfill.
    case when cardinality(p_backfill.key_columns) > 0 and not backlog_internal.owns_destination(p_backfill)
    then format(
      ' and exists (select from %s as s where (%s) = (%s) and (%s))', p_backfill.source_table,
      array_to_string(p_backfill.key_sql, ', '), array_to_string(v_keys, ', '), p_backfill.where_sql
    ) else '' end
  );
end;
$$;

comment on function backlog_internal.verify_sql(
  backlog_internal.backfill, backlog_internal.backfill_chunk, text, text[]
) is
  $$Write the query for key and checksum of each row of a chunk, in the source or in the destination.$$;
