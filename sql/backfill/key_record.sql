create or replace function backlog_internal.key_record(p_backfill backlog_internal.backfill, p_key text)
  returns jsonb
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_record jsonb;
begin
  execute format(
    'select to_jsonb(s.*) from %s as s where (%s) in (%s) limit 1', p_backfill.source_table,
    array_to_string(p_backfill.key_sql, ', '), backlog_internal.key_values(p_backfill, array[p_key])
  )
  into v_record;
  return coalesce(v_record, jsonb_object(p_backfill.key_columns, p_key::text[]));
end;
$$;

comment on function backlog_internal.key_record(backlog_internal.backfill, text) is
  $$Return the row of the source with a key as a document; only the key when the source does not have it.$$;
