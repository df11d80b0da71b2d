create or replace function backlog_internal.write_events(
  p_kind text,
  p_pipeline text,
  p_table_name text,
  p_records jsonb,
  p_record_count bigint,
  p_source text,
  p_source_id bigint = null,
  p_correlation_id text = null,
  p_metadata jsonb = null,
  p_error text = null,
  p_error_code text = null,
  p_constraint_name text = null,
  p_attempt int = null,
  p_details jsonb = null
)
  returns bigint
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_event backlog_internal.event;
  v_hooks backlog_internal.hook[];
begin
  v_event.event_id := nextval('backlog_internal.event_number');
  v_event.created_at := backlog_internal.write_clock();
  v_event.kind := p_kind;
  v_event.pipeline := p_pipeline;
  v_event.table_name := p_table_name;
  v_event.records := p_records;
  v_event.details := p_details;
  v_event.record_count := coalesce(p_record_count, jsonb_array_length(p_records), 0);
  v_event.first_event_id := v_event.event_id;
  v_event.part := 1;
  v_event.parts := 1;
  v_event.error := p_error;
  v_event.error_code := p_error_code;
  v_event.constraint_name := p_constraint_name;
  v_event.attempt := p_attempt;
  v_event.correlation_id := p_correlation_id;
  v_event.source := p_source;
  v_event.source_id := p_source_id;
  v_event.metadata := p_metadata;

  -- Without records there is nothing to deliver one by one.
  v_hooks := array(
    select h
    from backlog_internal.interested_hooks(p_kind, p_pipeline) as h
    where h.mode = 'bulk' or p_records is not null
  );
  v_event.hook_ids := array(select h.hook_id from unnest(v_hooks) as h);

  if jsonb_array_length(p_records) > 100 then
    perform backlog_internal.write_large_event(v_event, v_hooks);
  else
    insert into backlog_internal.event select v_event.*;
    if v_hooks <> '{}' then
      perform backlog_internal.deliver_events(array[v_event], v_hooks, 5, null, v_event.created_at);
    end if;
  end if;
  return v_event.event_id;
end;
$$;

comment on function backlog_internal.write_events(
  text, text, text, jsonb, bigint, text, bigint, text, jsonb, text, text, text, int, jsonb
) is
  $$Write what was committed or failed as one event, or as several if there are many records, and deliver it.

Part of the caller's transaction. p_records is an array, or null when nobody wants them (see
wanted_payload); p_details, if given, has an element for each record. Returns the id of the first event.$$;
