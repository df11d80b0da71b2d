create or replace function backlog_internal.backfill_fingerprint(p_backfill backlog_internal.backfill)
  returns jsonb
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select jsonb_build_object(
      'source table', (
        select jsonb_build_array(c.oid, c.relkind) from pg_class as c where c.oid = p_backfill.source_table
      ),
      'target table', (
        select jsonb_build_array(c.oid, c.relkind) from pg_class as c where c.oid = p_backfill.target_table
      ),
      'filters', md5(concat_ws('|', p_backfill.filters, p_backfill.predicate, p_backfill.where_sql)),
      'columns', md5(concat_ws('|', p_backfill.column_sql, p_backfill.target_columns, p_backfill.key_sql)),
      'destination', md5(concat_ws('|', p_backfill.destination, p_backfill.write_mode, p_backfill.target_key)),
      'view', md5(case when (select c.relkind from pg_class as c where c.oid = p_backfill.source_table) = 'v'
        then pg_get_viewdef(p_backfill.source_table) end)
    ) || coalesce((
      select jsonb_object_agg(
        format('column %s.%I', a.attrelid::regclass, a.attname),
        concat_ws(
          ' ', format_type(a.atttypid, a.atttypmod),
          -- The default collation goes without saying.
          'collate ' || nullif(nullif(a.attcollation, 0), 100)::regcollation, nullif(a.attgenerated, '')
        )
      )
      from pg_attribute as a
      where a.attnum > 0
        and not a.attisdropped
        and (
          a.attrelid = p_backfill.source_table and (
            a.attname = any (p_backfill.column_names || p_backfill.key_columns || p_backfill.incremental_column)
            or a.attname in (select f.value ->> 'column' from jsonb_array_elements(p_backfill.filters) as f)
          )
          or a.attrelid = p_backfill.target_table and a.attname = any (p_backfill.target_columns)
        )
    ), '{}')
  );
end;
$$;

comment on function backlog_internal.backfill_fingerprint(backlog_internal.backfill) is
  $$Describe all that a backfill was planned over: tables, columns with their types, filters and key.$$;
