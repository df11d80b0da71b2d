create or replace function backlog_internal.delivery_data(
  p_event backlog_internal.event,
  p_hook backlog_internal.hook,
  p_position int,
  p_seen jsonb,
  p_detail jsonb,
  p_replay bigint
)
  returns jsonb
  language sql
  stable
return jsonb_build_object(
  'event_id', p_event.event_id,
  'kind', p_event.kind,
  'pipeline', p_event.pipeline,
  'table', p_event.table_name,
  'hook', p_hook.name,
  'idempotency_key',
    p_hook.name || ':' || p_event.event_id || ':' || coalesce(p_position::text, '*'),
  'position', p_position,
  case when p_position is null then 'records' else 'record' end, p_seen,
  'record_count', p_event.record_count,
  'part', p_event.part,
  'parts', p_event.parts,
  'created_at', p_event.created_at,
  'error', coalesce(p_detail ->> 'error', p_event.error),
  'error_code', coalesce(p_detail ->> 'error_code', p_event.error_code),
  'constraint', coalesce(p_detail ->> 'constraint', p_event.constraint_name),
  'attempt', coalesce(p_detail -> 'attempt', to_jsonb(p_event.attempt)),
  'incident_id', p_detail -> 'incident_id',
  'details', case when p_position is null and p_event.record_count > 1 then p_event.details end,
  'source', p_event.source,
  'source_id', coalesce(p_detail -> 'source_id', to_jsonb(p_event.source_id)),
  'correlation_id', p_event.correlation_id,
  'metadata', p_event.metadata,
  'ordered', p_hook.order_key is not null,
  'replay', p_replay
);

comment on function backlog_internal.delivery_data(
  backlog_internal.event, backlog_internal.hook, int, jsonb, jsonb, bigint
) is
  $$Return the payload of a delivery: all that the hook is told, so that it needs the event no longer.

p_position is null for a delivery in bulk. Written so that the planner can inline it.$$;
