create or replace view backlog.error_codes (code, condition, meaning) as
values
  ('PB001', 'stale_lease', 'The lease has passed to somebody else or ended; the work it covered is no longer yours to report on.'),
  ('PB002', 'unknown_retry_item', 'No retry item has this id.'),
  ('PB003', 'invalid_argument', 'An argument is null, out of range or of the wrong shape.'),
  ('PB004', 'duplicate_item', 'An item with this dedupe key is already waiting or being processed.'),
  ('PB005', 'unknown_name', 'Nothing is registered under this name.'),
  ('PB006', 'schema_drift', 'The installed schema is not the one that was shipped, or cannot be brought there.'),
  ('PB101', 'unknown_pipeline', 'No pipeline, or no table of this pipeline, has this name.'),
  ('PB102', 'invalid_pipeline', 'The definition of the pipeline cannot work.'),
  ('PB103', 'load_busy', 'Another load of this pipeline is running.'),
  ('PB104', 'load_refused', 'The load was rolled back because its rows broke a policy.'),
  ('PB105', 'malformed_page', 'The fetched page does not have the expected shape.'),
  ('PB106', 'unknown_quarantine_row', 'No quarantined row has this id.'),
  ('PB107', 'pipeline_paused', 'The pipeline is paused and does not load.'),
  ('PB108', 'load_undone', 'Used inside a preview to undo its work; it never reaches a caller.'),
  ('PB201', 'unknown_hook', 'No hook has this name.'),
  ('PB202', 'invalid_hook', 'The definition of the hook, or of the critical rule, cannot work.'),
  ('PB203', 'unknown_incident', 'No incident has this id.'),
  ('PB204', 'incident_not_open', 'The incident is not open, or cannot be replayed.'),
  ('PB205', 'unknown_event', 'No event has this id; it may have been older than the retention.'),
  ('PB301', 'unknown_backfill', 'No backfill, or no chunk of one, has this id.'),
  ('PB302', 'invalid_backfill', 'The backfill cannot work as it is defined.'),
  ('PB303', 'backfill_state', 'The backfill is in a state in which this cannot be done.'),
  ('PB304', 'backfill_changed', 'What the backfill was planned over has changed.'),
  ('PB305', 'invalid_filter', 'A filter names no column, no operator or no value of the type of its column.'),
  ('PB306', 'too_many_refusals', 'Too many rows of one chunk were refused; nothing of it was kept.');

comment on view backlog.error_codes is
  $$List every SQLSTATE that pgbacklog raises, with its name and meaning.$$;
comment on column backlog.error_codes.code is 'The SQLSTATE.';
comment on column backlog.error_codes.condition is 'Its name.';
comment on column backlog.error_codes.meaning is 'What it tells the caller.';
