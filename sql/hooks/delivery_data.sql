create or replace function backlog_internal.delivery_data(
  p_event backlog_internal.event,
  p_hook backlog_internal.hook,
  p_position int,
  p_seen jsonb,
  p_replay bigint
)
  returns jsonb
  language sql
  stable
as $$
  select jsonb_build_object(
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
    'error', coalesce(d.detail ->> 'error', p_event.error),
    'error_code', coalesce(d.detail ->> 'error_code', p_event.error_code),
    'constraint', coalesce(d.detail ->> 'constraint', p_event.constraint_name),
    'attempt', coalesce(d.detail -> 'attempt', to_jsonb(p_event.attempt)),
    'incident_id', d.detail -> 'incident_id',
    'details', case when p_position is null and p_event.record_count > 1 then p_event.details end,
    'source', p_event.source,
    'source_id', coalesce(d.detail -> 'source_id', to_jsonb(p_event.source_id)),
    'correlation_id', p_event.correlation_id,
    'metadata', p_event.metadata,
    'ordered', p_hook.order_key is not null,
    'replay', p_replay
  )
  from (
    select case
      when p_position is not null then p_event.details -> (p_position - 1)
      when p_event.record_count = 1 then p_event.details -> 0
    end as detail
  ) as d
$$;

comment on function backlog_internal.delivery_data(
  backlog_internal.event, backlog_internal.hook, int, jsonb, bigint
) is
  $$Return the payload of a delivery: all that the hook is told, so that it needs the event no longer.

p_position is null for a delivery in bulk.$$;
