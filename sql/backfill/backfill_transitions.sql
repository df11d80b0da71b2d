create or replace view backlog.backfill_transitions as
select
  t.transition_id,
  t.backfill_id,
  t.from_state,
  t.to_state,
  t.reason,
  t.changed_by,
  t.changed_at
from backlog_internal.backfill_transition as t;

comment on view backlog.backfill_transitions is
  $$List what happened to backfills: each change of state, pause and resumption, when and by whom.$$;
