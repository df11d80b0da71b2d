create or replace view backlog.events as
select
  e.event_id,
  e.created_at,
  e.kind,
  e.pipeline,
  e.table_name,
  e.record_count,
  e.records,
  e.details,
  e.part,
  e.parts,
  e.first_event_id,
  e.error,
  e.error_code,
  e.constraint_name,
  e.attempt,
  e.correlation_id,
  e.source,
  e.source_id,
  e.metadata,
  array(
    select h.name from backlog_internal.hook as h where h.hook_id = any (e.hook_ids) order by h.name
  ) as hooks
from backlog_internal.event as e;

comment on view backlog.events is
  $$List what was committed and what failed, as long as it is kept: what replay_events can deliver again.$$;
comment on column backlog.events.hooks is 'The hooks to which it was delivered when it was written.';
