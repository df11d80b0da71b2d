create or replace function backlog.save_checkpoint(
  p_pipeline text,
  p_records jsonb = '[]',
  p_table_name text = null,
  p_correlation_id text = null,
  p_metadata jsonb = null
)
  returns bigint
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_records jsonb := case jsonb_typeof(p_records)
    when 'object' then jsonb_build_array(p_records)
    else p_records
  end;
begin
  if jsonb_typeof(v_records) is distinct from 'array' then
    raise exception using
      errcode = 'PB003',
      message = format(
        'records must be an object or an array of objects, not %s',
        coalesce(jsonb_typeof(p_records), 'null')
      ),
      hint = 'Pass what was committed, one object per record. Nothing was written.';
  end if;
  if not exists (select from backlog_internal.pipeline as p where p.name = p_pipeline) then
    perform backlog_internal.find_pipeline(p_pipeline);
  end if;

  return backlog_internal.write_events(
    'checkpoint', p_pipeline, p_table_name, v_records, jsonb_array_length(v_records), 'user',
    p_correlation_id => p_correlation_id, p_metadata => p_metadata
  );
end;
$$;

comment on function backlog.save_checkpoint(text, jsonb, text, text, jsonb) is
  $$Save a checkpoint: records were committed to a destination. Return the id of the event.

Call it in the transaction that writes the records: the event exists exactly when they do, and every
interested hook gets it afterwards, at least once. p_records is an array of objects, or one object. More
than event_max_records become several events of one commit. Loads save their checkpoints by themselves.

Raises PB101 when there is no such pipeline (one without tables will do), PB003 when the records are
neither an object nor an array.$$;
